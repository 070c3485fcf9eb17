/**
 * Where a transaction object stands among those around it: a savepoint's is over when its function has returned or when an outer one ended, and
 * names are unique in the whole transaction. Must never touch a connection: commands go through what the driver gives.
 */

/** How a driver runs the commands of a savepoint. */
export interface SavepointCommands {
  /** One statement, with all checks of the transaction. */
  run(text: string): Promise<unknown>;
  /** Taking back after a failure, when no check may stand in the way. */
  takeBack(text: string): Promise<unknown>;
}

/** One level of a transaction. */
export class Nesting {
  readonly #parent: Nesting | undefined;
  #ended: boolean = false;
  #names: number = 0;

  constructor(parent?: Nesting) {
    this.#parent = parent;
  }

  /** This level's function has returned. */
  finish(): void {
    this.#ended = true;
  }

  /** The transaction is over, on every level. */
  end(): void {
    this.#ended = true;
    this.#parent?.end();
  }

  /** Whether nothing may run on this level any more. */
  isOver(): boolean {
    return this.#ended || (this.#parent?.isOver() ?? false);
  }

  /** A name that nothing else in the transaction has: an inner one's names start with the outer one's. */
  nextName(): string {
    return `${this.#path()}_${this.#names++}`;
  }

  /** Runs `fn` on `inner` under a savepoint, which is rolled back when `fn` throws. */
  async underSavepoint<T>(inner: Nesting, commands: SavepointCommands, fn: () => Promise<T>): Promise<T> {
    const name = this.nextName();
    await commands.run(`savepoint ${name}`);
    try {
      const result = await fn();
      inner.finish();
      await commands.run(`release savepoint ${name}`);
      return result;
    } catch (error) {
      inner.finish();
      if (!this.isOver()) await commands.takeBack(`rollback to savepoint ${name}`);
      throw error;
    }
  }

  #path(): string {
    return this.#parent === undefined ? "wt" : `${this.#parent.#path()}_${this.#parent.#names}`;
  }
}
