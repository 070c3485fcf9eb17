/**
 * Prints results: one JSON document with --json, text for people otherwise. Must never let data steer the terminal: control characters in
 * values are shown, not sent.
 */
import picocolors from "picocolors";
import type { Io } from "../io.ts";

/** Version of the JSON documents. */
export const schemaVersion = 1;

type Colour = "red" | "green" | "yellow" | "dim" | "bold";

/** A value as text that a terminal shows and does not obey. */
export function harmless(text: string): string {
  return text.replaceAll(
    /[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** "1 finding", "2 findings". */
export const counted = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? "" : "s"}`;

/** JSON whose text a terminal does not obey either: such characters are escaped, and nothing of the value is lost. */
export function harmlessJson(value: unknown): string {
  return JSON.stringify(value, null, 2).split("\n").map(harmless).join("\n");
}

/** Writes for people and for machines. */
export class Printer {
  readonly json: boolean;
  readonly #io: Io;
  readonly #command: string;

  constructor(io: Io, command: string, json: boolean) {
    this.#io = io;
    this.#command = command;
    this.json = json;
  }

  /** The one result: a document with --json, else what `text` prints. */
  result(document: Record<string, unknown>, text: () => void): void {
    if (this.json) this.#io.out(`${harmlessJson({ schemaVersion, command: this.#command, ...document })}\n`);
    else text();
  }

  line(text: string = ""): void {
    this.#io.out(`${text}\n`);
  }

  /** Progress and remarks, on stderr. */
  note(text: string): void {
    this.#io.err(`${text}\n`);
  }

  colour(colour: Colour, text: string): string {
    return picocolors.createColors(this.#io.colour)[colour](text);
  }

  /** SQL as it can be pasted into psql. */
  sql(statements: readonly string[]): void {
    for (const statement of statements) this.line(`${statement.trimEnd().replace(/;$/, "")};`);
  }

  /** Rows under column names. */
  table(columns: readonly string[], rows: readonly (readonly unknown[])[]): void {
    const cells = rows.map((row) => row.map(cell));
    const widths = columns.map((column, at) =>
      Math.max(harmless(column).length, ...cells.map((row) => row[at]?.length ?? 0)),
    );
    const format = (row: readonly string[]): string =>
      row
        .map((text, at) => text.padEnd(widths[at] ?? 0))
        .join(" | ")
        .trimEnd();
    this.line(this.colour("bold", format(columns.map(harmless))));
    this.line(widths.map((width) => "-".repeat(width)).join("-+-"));
    for (const row of cells) this.line(format(row));
  }
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (value instanceof Date) return value.toISOString();
  if (Buffer.isBuffer(value)) return `\\x${value.toString("hex")}`;
  return harmless(typeof value === "string" ? value : JSON.stringify(value));
}
