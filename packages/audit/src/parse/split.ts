/**
 * Cuts SQL text into statements where psql would: at semicolons outside of quotes, comments, CREATE RULE's parentheses and BEGIN ATOMIC
 * bodies; psql's backslash commands and COPY data become pieces of their own. Must never lose text: what is not in a piece is white space,
 * a comment or a semicolon. The parser takes no longer for single statements than for the whole file (measured), and one bad statement
 * then costs only itself.
 */
import { tokenAt } from "./lex.ts";

/** A stretch of the text. `start` is its first word, `end` lies behind its last. */
export interface Piece {
  readonly kind: "statement" | "meta" | "data";
  readonly start: number;
  readonly end: number;
  /** Backslash commands within a statement, to be blanked out. */
  readonly holes: readonly (readonly [number, number])[];
  /** Name of the backslash command that ends this statement in place of a semicolon, for example gexec. */
  readonly sentBy: string | null;
  /** The text ends within this: a quote, a comment, a body, a parenthesis. */
  readonly open: string | null;
}

const META = /\\([^\s\\]*)[^\n]*/y;
const SENDS = /^(?:g|gx|gdesc|gexec|gset|crosstabview|watch|bindx?|parse)$/;
const COPIES = /^\\copy\s[^\n]*\sfrom\s+p?stdin\b/i;

/** Where COPY data that starts at `at` ends: before a line of `\.`. -1 when there is none, then it is no data. */
function dataEnd(text: string, at: number): number {
  for (let i = text.indexOf("\\.", at); i >= 0; i = text.indexOf("\\.", i + 2)) {
    const after = text[i + 2] === "\r" ? i + 3 : i + 2;
    if ((i === at || text[i - 1] === "\n") && (after >= text.length || text[after] === "\n")) return i;
  }
  return -1;
}

/** The statement that is being read. */
interface Current {
  start: number;
  end: number;
  holes: [number, number][];
  /** Its first words decide whether semicolons may stand within; then only the last two are needed. */
  words: string[];
  head: "" | "ROUTINE" | "RULE" | "COPY" | "-";
  /** Of BEGIN ATOMIC and CASE. */
  depth: number;
  parens: number;
  copies: boolean;
}

const fresh = (): Current => ({
  start: -1,
  end: -1,
  holes: [],
  words: [],
  head: "",
  depth: 0,
  parens: 0,
  copies: false,
});

function readWord(current: Current, word: string, before: string): void {
  const { words } = current;
  words.push(word);
  const last = words.at(-2);
  if (current.head === "") {
    if (word === "FUNCTION" || word === "PROCEDURE") current.head = "ROUTINE";
    else if (word === "RULE" || (word === "COPY" && words.length === 1)) current.head = word;
    else if (words[0] !== "CREATE" || words.length > 3) current.head = "-";
  } else if (current.head === "ROUTINE") {
    if (current.depth === 0) current.depth = word === "ATOMIC" && last === "BEGIN" ? 1 : 0;
    else if (before !== ".") current.depth += word === "CASE" ? 1 : word === "END" ? -1 : 0;
  } else if (current.head === "COPY" && word === "STDIN" && last === "FROM") current.copies = true;
  if (words.length > 8) current.words = words.slice(-2);
}

/** Cuts `text` from `from` on, and stops after about `most` pieces. */
export function split(text: string, from = 0, most: number = Number.POSITIVE_INFINITY): Piece[] {
  const pieces: Piece[] = [];
  let current = fresh();
  let data = false;
  const finish = (sentBy: string | null = null, open: string | null = null): void => {
    const { start, end, holes, copies } = current;
    if (start >= 0) {
      pieces.push({ kind: "statement", start, end, holes, sentBy, open });
      data = copies;
    }
    current = fresh();
  };
  const plain = (kind: "meta" | "data", start: number, end: number): void => {
    pieces.push({ kind, start, end, holes: [], sentBy: null, open: null });
  };
  const meta = (at: number): number => {
    META.lastIndex = at;
    const [line = "", name = ""] = META.exec(text) ?? [];
    if (name.startsWith(";")) {
      finish();
      return at + 2;
    }
    const end = at + line.trimEnd().length;
    if (SENDS.test(name)) finish(name);
    if (current.start >= 0) current.holes.push([at, end]);
    plain("meta", at, end);
    data ||= COPIES.test(line);
    return end;
  };

  let at = from;
  while (at < text.length && pieces.length < most) {
    const { kind, end, closed } = tokenAt(text, at);
    if (kind === "backslash") {
      at = meta(at);
      continue;
    }
    if (kind === "semicolon") {
      if (current.depth > 0 || (current.head === "RULE" && current.parens > 0)) current.end = end;
      else finish();
    } else if (kind === "space") {
      const lineEnd = data && current.start < 0 ? text.indexOf("\n", at) + 1 : 0;
      const stop = lineEnd > 0 && lineEnd <= end ? dataEnd(text, lineEnd) : -1;
      if (lineEnd > 0 && lineEnd <= end) data = false;
      if (stop >= 0) {
        plain("data", lineEnd, stop);
        at = stop + 2;
        continue;
      }
    } else if (kind !== "comment" || !closed) {
      if (current.start < 0) current.start = at;
      current.end = end;
      if (!closed) finish(null, kind);
      else if (kind === "word") readWord(current, text.slice(at, end).toUpperCase(), text.charAt(at - 1));
      else if (kind === "other") current.parens += text[at] === "(" ? 1 : text[at] === ")" ? -1 : 0;
    }
    at = end;
  }
  finish(null, current.depth > 0 ? "body" : current.head === "RULE" && current.parens > 0 ? "parenthesis" : null);
  return pieces;
}
