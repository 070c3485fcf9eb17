/**
 * Cuts SQL text into statements where psql would: at semicolons outside of quotes, dollar quotes, comments, CREATE RULE's parentheses and
 * BEGIN ATOMIC bodies; psql's backslash commands and COPY data become pieces of their own. Must never lose text: what is not in a piece
 * is white space, a comment or a semicolon. One statement at a time costs the parser no more than a whole file (measured), and one bad
 * statement then costs only itself.
 */

/** A stretch of the text. `start` is its first word, `end` lies behind its last. */
export interface Piece {
  readonly kind: "statement" | "meta" | "data";
  readonly start: number;
  readonly end: number;
  /** Backslash commands within a statement, to be blanked out. */
  readonly holes: readonly (readonly [number, number])[];
  /** A backslash command like \gexec that ends this statement instead of a semicolon. */
  readonly sentBy: string | null;
  /** A quote, dollar quote, comment, body or parenthesis that never ends. */
  readonly open: string | null;
}

const WORD = /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y;
const NUMBER = /\d[\w.]*/y;
const DOLLAR = /\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/y;
const META = /\\(;|!|[^\s\\]*)[^\n]*/y;
const SENDS = /^(?:g|gx|gdesc|gexec|gset|crosstabview|watch|bind|bind_named|parse|sendpipeline)$/;
const LINE_END = 10;

/** Where the block comment that starts at `at` ends; they nest. -1 when it does not. */
function commentEnd(text: string, at: number): number {
  const edge = /\/\*|\*\//g;
  edge.lastIndex = at;
  for (let depth = 0, found = edge.exec(text); found !== null; found = edge.exec(text)) {
    depth += found[0] === "/*" ? 1 : -1;
    if (depth === 0) return edge.lastIndex;
  }
  return -1;
}

/** Where the quote that starts at `at` ends. A doubled quote is simply two quotes in a row. -1 when it does not. */
function quoteEnd(text: string, at: number, escapes: boolean): number {
  const mark = text.charAt(at);
  if (!escapes) return text.indexOf(mark, at + 1) + 1 || -1;
  for (let i = at + 1; i < text.length; i += 1) {
    if (text[i] === "\\") i += 1;
    else if (text[i] === mark) return i + 1;
  }
  return -1;
}

/** Where COPY data that starts at `at` ends: behind a line of `\.`. -1 when there is none, then it is not data. */
function dataEnd(text: string, at: number): number {
  for (let i = at; ; i += 1) {
    i = text.indexOf("\\.", i);
    if (i < 0) return -1;
    const after = text[i + 2] === "\r" ? i + 3 : i + 2;
    if ((i === at || text[i - 1] === "\n") && (after >= text.length || text[after] === "\n")) return i;
  }
}

/** Cuts `text` from `from` on. */
export function split(text: string, from = 0): Piece[] {
  const pieces: Piece[] = [];
  let at = from;
  let start = -1;
  let end = 0;
  let holes: [number, number][] = [];
  let words: string[] = [];
  let head = "";
  let depth = 0;
  let parens = 0;
  let copying = false;
  let open: string | null = null;

  const take = (to: number): void => {
    if (start < 0) start = at;
    at = end = to;
  };
  const finish = (sentBy: string | null = null): void => {
    if (start >= 0) {
      pieces.push({ kind: "statement", start, end, holes, sentBy, open });
      copying = head === "COPY";
    }
    start = -1;
    holes = [];
    words = [];
    head = "";
    depth = parens = 0;
    open = null;
  };
  const word = (upper: string, before: string): void => {
    words.push(upper);
    if (words.length <= 4 && head === "") {
      if (words[0] === "COPY") head = "copy";
      else if (words[0] === "CREATE" && /^(?:FUNCTION|PROCEDURE|RULE)$/.test(upper)) head = upper;
      else if (words[0] !== "CREATE") head = "-";
    }
    if (head === "copy" && upper === "STDIN" && words.at(-2) === "FROM") head = "COPY";
    if (head === "FUNCTION" || head === "PROCEDURE") {
      if (depth === 0) depth = upper === "ATOMIC" && words.at(-2) === "BEGIN" ? 1 : 0;
      else if (before !== ".") depth += upper === "CASE" ? 1 : upper === "END" ? -1 : 0;
    }
    if (words.length > 8) words = [words[0] ?? "", ...words.slice(-2)];
  };

  while (at < text.length) {
    const code = text.charCodeAt(at);
    const next = text.charCodeAt(at + 1);
    if (code <= 32 || code === 0xfeff || code === 0xa0) {
      at += 1;
      if (code === LINE_END && copying && start < 0) {
        copying = false;
        const stop = dataEnd(text, at);
        if (stop >= 0) {
          pieces.push({ kind: "data", start: at, end: stop, holes: [], sentBy: null, open: null });
          at = stop + 2;
        }
      }
    } else if (code === 45 && next === 45) {
      at = text.indexOf("\n", at);
      if (at < 0) at = text.length;
    } else if (code === 47 && next === 42) {
      const to = commentEnd(text, at);
      if (to < 0) {
        open = "comment";
        take(text.length);
      } else at = to;
    } else if (code === 59) {
      at += 1;
      if (depth > 0 || (head === "RULE" && parens > 0)) end = at;
      else finish();
    } else if (code === 92) {
      META.lastIndex = at;
      const [line = "", name = ""] = META.exec(text) ?? [];
      if (name === ";") {
        at += 2;
        finish();
        continue;
      }
      const to = at + line.trimEnd().length;
      const sends = SENDS.test(name);
      if (start >= 0 && sends) finish(name);
      if (start >= 0) holes.push([at, to]);
      const meta: Piece = { kind: "meta", start: at, end: to, holes: [], sentBy: null, open: null };
      pieces.push(meta);
      at = to;
    } else if (code === 39 || code === 34) {
      const escapes =
        code === 39 && at === end && /(?:^|[^\w$\u0080-\uffff])e$/i.test(text.slice(Math.max(0, at - 2), at));
      const to = quoteEnd(text, at, escapes);
      if (to < 0) open = "quote";
      take(to < 0 ? text.length : to);
    } else if (code === 36) {
      DOLLAR.lastIndex = at;
      const mark = DOLLAR.exec(text)?.[0];
      if (mark === undefined) take(at + 1);
      else {
        const to = text.indexOf(mark, at + mark.length);
        if (to < 0) open = "dollar quote";
        take(to < 0 ? text.length : to + mark.length);
      }
    } else {
      WORD.lastIndex = NUMBER.lastIndex = at;
      if (WORD.test(text)) {
        const before = text.charAt(at - 1);
        const upper = text.slice(at, WORD.lastIndex).toUpperCase();
        take(WORD.lastIndex);
        word(upper, before);
      } else if (NUMBER.test(text)) take(NUMBER.lastIndex);
      else {
        if (code === 40) parens += 1;
        else if (code === 41) parens -= 1;
        take(at + 1);
      }
    }
  }
  if (start >= 0 && open === null) open = depth > 0 ? "body" : head === "RULE" && parens > 0 ? "parenthesis" : null;
  finish();
  return pieces;
}
