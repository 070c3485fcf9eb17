/**
 * The named statements of one connection. Names are random per connection, so that nobody can prepare a statement of
 * their own under a name that the next tenant will execute (a swapped open() hands over a token). Keyed by text: one
 * name never means two texts. Never trusts "it worked last time" after an error that says otherwise.
 */
import { randomBytes } from "node:crypto";
import type { MessageWriter } from "../../scope/wire.ts";

const limit = 200;

/** A name that nobody can guess. */
export function randomName(): string {
  return `wt${randomBytes(16).toString("hex")}_`;
}

/** One statement: whether the server has it, as far as we know. */
export interface NamedStatement {
  readonly name: string;
  readonly text: string;
  state: "absent" | "parsed" | "suspect";
}

export class StatementNames {
  #prefix: string = randomName();
  readonly #byText: Map<string, NamedStatement> = new Map();
  #evicted: string[] = [];
  #count: number = 0;
  #known: boolean = false;

  /**
   * The statement for a text, with Close and Parse written in front where the server needs them.
   * @returns the statement; when `parses` is given and a Parse was written, it was added there
   */
  use(writer: MessageWriter, text: string, parses: (NamedStatement | null)[]): NamedStatement {
    let statement = this.#byText.get(text);
    if (statement === undefined) {
      if (this.#byText.size >= limit) this.#forget();
      statement = { name: this.#prefix + this.#count++, text, state: "absent" };
      this.#byText.set(text, statement);
    }
    // Twice in one pipeline: parsed by the first use.
    if (statement.state !== "parsed" && !parses.includes(statement)) {
      if (statement.state === "suspect") writer.closeObject("S", statement.name);
      writer.parse(statement.name, text);
      parses.push(statement);
    }
    return statement;
  }

  /** Starts a pipeline: writes Close for evicted statements, again each time until a pipeline went through. */
  writeCloses(writer: MessageWriter): void {
    if (this.#known) {
      this.#forget();
      this.#prefix = randomName();
      this.#known = false;
    }
    for (const name of this.#evicted) writer.closeObject("S", name);
  }

  /**
   * The server told us something. Where it tells a name (the error about a lost statement, a debug notice that A switched on), A knows all
   * names of this connection: it could deallocate them and prepare its own text there, and the next tenant would run that with its own
   * token (Q7). So the next pipeline has new ones.
   */
  overheard(message: object): void {
    this.#known ||=
      JSON.stringify(Object.values(message)).includes(this.#prefix) ||
      String((message as Error).message).includes(this.#prefix);
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
