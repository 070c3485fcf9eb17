/**
 * Text that code makes of literals, which remembers on which line of the file each of its lines stands.
 */
import type { Fragment } from "../migration.ts";
import type { CodeToken } from "./tokens.ts";

/** A text and where it comes from. `lines` has one entry for each of its lines. */
export interface CodeText {
  readonly text: string;
  readonly lines: readonly number[];
  readonly column: number;
  readonly offset: number;
}

/** Lines of a source, by binary search. */
export function lineFinder(source: string): (offset: number) => { line: number; column: number } {
  const starts = [0];
  for (let at = source.indexOf("\n"); at >= 0; at = source.indexOf("\n", at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  };
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  b: "\b",
  f: "\f",
  v: "\v",
  "0": "\0",
  "\n": "",
};
const ESCAPE = /\\(?:u\{([\da-fA-F]+)\}|u([\da-fA-F]{4})|x([\da-fA-F]{2})|\r\n|([^]))/g;

/** Raw text of a literal with its escapes undone. */
export function cook(raw: string, offset: number, find: ReturnType<typeof lineFinder>): CodeText {
  const { line, column } = find(offset);
  const lines = [line];
  let text = "";
  let at = 0;
  let current = line;
  const plain = (end: number): void => {
    const piece = raw.slice(at, end);
    text += piece;
    for (let i = piece.indexOf("\n"); i >= 0; i = piece.indexOf("\n", i + 1)) lines.push((current += 1));
  };
  for (const match of raw.matchAll(ESCAPE)) {
    plain(match.index);
    const [whole, braced, four, two, one] = match;
    const code = braced ?? four ?? two;
    const cooked =
      code !== undefined
        ? String.fromCodePoint(Math.min(Number.parseInt(code, 16), 0x10ffff))
        : one === undefined
          ? ""
          : (ESCAPES[one] ?? one);
    if (whole.includes("\n")) current += 1;
    if (cooked === "\n") lines.push(current);
    text += cooked;
    at = match.index + whole.length;
  }
  plain(raw.length);
  return { text, lines, column, offset };
}

/** One text after the other. */
export function concat(texts: readonly CodeText[]): CodeText {
  // an empty beginning has no place of its own
  const [first, ...rest] = texts.slice(
    Math.max(
      0,
      texts.findIndex(({ text }) => text !== ""),
    ),
  );
  if (first === undefined) return { text: "", lines: [1], column: 1, offset: 0 };
  const text = texts.map((part) => part.text).join("");
  return { ...first, text, lines: [...first.lines, ...rest.flatMap(({ lines }) => lines.slice(1))] };
}

/** Text that stands for a token, in its place. */
export function textAt(text: string, token: CodeToken | number, find: ReturnType<typeof lineFinder>): CodeText {
  const offset = typeof token === "number" ? token : token.start;
  const { line, column } = find(offset);
  return { text, lines: text.split("\n").map(() => line), column, offset };
}

/** As a fragment; the list of lines only where they do not simply follow each other. */
export function fragmentOf({ text, lines, column, offset }: CodeText): Fragment {
  const [line = 1] = lines;
  const plain = lines.every((own, i) => own === line + i);
  return { sql: text, line, offset, column, ...(!plain && { lines }) };
}
