/**
 * The named statements of one connection. Names are random per connection, so that nobody can prepare a statement of
 * their own under a name that the next tenant will execute (a swapped open() hands over a token). Keyed by text: one
 * name never means two texts. Never trusts "it worked last time" after an error that says otherwise.
 */
import { randomBytes } from 'node:crypto';
import type { MessageWriter } from '../../scope/wire.ts';

const limit = 200;

/** One statement: whether the server has it, as far as we know. */
export interface NamedStatement {
  readonly name: string;
  readonly text: string;
  state: 'absent' | 'parsed' | 'suspect';
}

export class StatementNames {
  readonly #prefix: string = `wt${randomBytes(16).toString('hex')}_`;
  readonly #byText: Map<string, NamedStatement> = new Map();
  #evicted: string[] = [];
  #count: number = 0;

  /**
   * The statement for a text, with Close and Parse written in front where the server needs them.
   * @returns the statement; when `parses` is given and a Parse was written, it was added there
   */
  use(writer: MessageWriter, text: string, parses: (NamedStatement | null)[]): NamedStatement {
    let statement = this.#byText.get(text);
    if (statement === undefined) {
      if (this.#byText.size >= limit) this.#forget();
      statement = { name: this.#prefix + this.#count++, text, state: 'absent' };
      this.#byText.set(text, statement);
    }
    // Twice in one pipeline: parsed by the first use.
    if (statement.state !== 'parsed' && !parses.includes(statement)) {
      if (statement.state === 'suspect') writer.closeObject('S', statement.name);
      writer.parse(statement.name, text);
      parses.push(statement);
    }
    return statement;
  }

  /** Writes Close for evicted statements; again each time until a pipeline went through. */
  writeCloses(writer: MessageWriter): void {
    for (const name of this.#evicted) writer.closeObject('S', name);
  }

  /** A pipeline went through: what it closed is closed. */
  closesDone(): void {
    if (this.#evicted.length > 0) this.#evicted = [];
  }

  // All at once: whoever has more texts than this makes them up as he goes, and then no order of theirs is worth keeping.
  #forget(): void {
    this.#evicted.push(...[...this.#byText.values()].map(({ name }) => name));
    this.#byText.clear();
  }
}
