/**
 * The named statements of one connection. Names are random per connection, so that nobody can prepare a statement of
 * their own under a name that the next tenant will execute (a swapped open() hands over a token). Keyed by text: one
 * name never means two texts. Never trusts "it worked last time" after an error that says otherwise.
 */
import { randomBytes } from "node:crypto";
import { conditionOf, type SqlError } from "../../scope/classify.ts";
import type { MessageWriter } from "../../scope/wire.ts";

const limit = 200;

/** A name that nobody can guess. */
export function randomName(): string {
  return `wt${randomBytes(16).toString("hex")}_`;
}

/** One statement: whether the server has it, as far as we know. */
export interface NamedStatement {
  readonly name: string;
  state: "absent" | "parsed" | "suspect";
}

export class StatementNames {
  #prefix: string = randomName();
  readonly #byText: Map<string, NamedStatement> = new Map();
  readonly #evicted: string[] = [];
  #count: number = 0;
  #known: boolean = false;
  /** What each Parse of the pipeline in flight made; null for a statement without a name. */
  readonly #parses: (NamedStatement | null)[] = [];
  /** The statements that it uses by name. */
  readonly used: NamedStatement[] = [];
  /** How many of its Parses were answered. */
  parsed: number = 0;

  /** Starts a pipeline: writes Close for evicted statements, again each time until a pipeline went through. */
  start(writer: MessageWriter): void {
    if (this.#known) {
      this.#forget();
      this.#prefix = randomName();
      this.#known = false;
    }
    this.#parses.length = this.used.length = this.parsed = 0;
    for (const name of this.#evicted) writer.closeObject("S", name);
  }

  /** Takes note of Parses without a name. */
  unnamed(count: number): void {
    while (count-- > 0) this.#parses.push(null);
  }

  /**
   * Writes Close and Parse for a text, where the server needs them. @returns the statement's name
   * @param key under what the text is kept, where it does not mean the same for everybody
   */
  use(writer: MessageWriter, text: string, named: boolean, key: string = text): string {
    if (!named) {
      writer.parse("", text);
      this.unnamed(1);
      return "";
    }
    let statement = this.#byText.get(key);
    if (!statement) {
      if (this.#byText.size >= limit) this.#forget();
      statement = { name: this.#prefix + this.#count++, state: "absent" };
      this.#byText.set(key, statement);
    }
    // Twice in one pipeline: parsed by the first use.
    if (statement.state !== "parsed" && !this.#parses.includes(statement)) {
      if (statement.state === "suspect") writer.closeObject("S", statement.name);
      writer.parse(statement.name, text);
      this.#parses.push(statement);
    }
    this.used.push(statement);
    return statement.name;
  }

  /** The pipeline has ended. */
  settle(failed: SqlError | undefined): void {
    // A named Parse survives the failure of its pipeline, so what counts is which ParseComplete came (42P05 trap).
    this.#parses.forEach((statement, i) => {
      if (statement) statement.state = i < this.parsed ? "parsed" : "absent";
    });
    if (!failed) this.#evicted.length = 0;
    else {
      this.overheard(failed);
      if (conditionOf(failed) === "statement-lost") for (const statement of this.used) statement.state = "suspect";
    }
  }

  /**
   * The server told us something. Where it tells a name (the error about a lost statement, a debug notice that A switched on),
   * A knows all names of this connection: it could deallocate them and prepare its own text there, and the next tenant would
   * run that with its own token (Q7). So the next pipeline has new ones.
   */
  overheard(message: { readonly message?: string | undefined }): void {
    // The message of an Error is not among its enumerable values.
    this.#known ||= JSON.stringify([message.message, ...Object.values(message)]).includes(this.#prefix);
  }

  // All at once: whoever has more texts than this makes them up as he goes, and then no order of theirs is worth keeping.
  #forget(): void {
    for (const { name } of this.#byText.values()) this.#evicted.push(name);
    this.#byText.clear();
  }
}
