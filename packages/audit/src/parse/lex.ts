/**
 * PostgreSQL's lexical rules, as far as they decide what is quoted: strings with and without escapes, quoted names, dollar quotes, nested
 * comments. Must agree with scan.l on every valid text: a property test compares the two.
 */

/** What stands at a place. `string` and `name` include their quotes, `dollar` its marks. */
type TokenKind =
  | "space"
  | "comment"
  | "string"
  | "name"
  | "dollar"
  | "word"
  | "number"
  | "semicolon"
  | "backslash"
  | "other";

/** A token from `at` to `end`; `closed` is false where the text ends before it does. */
export interface Token {
  readonly kind: TokenKind;
  readonly end: number;
  readonly closed: boolean;
}

const SPACE = /[ \t\n\r\f\v\ufeff]+/y;
const WORD = /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y;
const NUMBER = /\d[\w.]*/y;
const DOLLAR = /\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/y;
const LINE_COMMENT = /--[^\r\n]*/y;
const COMMENT_EDGE = /\/\*|\*\//g;

function matchEnd(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}

/** Comments nest. */
function commentEnd(text: string, at: number): number {
  COMMENT_EDGE.lastIndex = at;
  for (let depth = 0, found = COMMENT_EDGE.exec(text); found !== null; found = COMMENT_EDGE.exec(text)) {
    depth += found[0] === "/*" ? 1 : -1;
    if (depth === 0) return COMMENT_EDGE.lastIndex;
  }
  return -1;
}

/** A doubled quote within needs no care: it reads as two strings in a row. */
function quoteEnd(text: string, at: number, escapes: boolean): number {
  const mark = text.charAt(at);
  if (!escapes) return text.indexOf(mark, at + 1) + 1 || -1;
  for (let i = at + 1; i < text.length; i += 1) {
    if (text[i] === "\\") i += 1;
    else if (text[i] === mark) return i + 1;
  }
  return -1;
}

const token = (kind: TokenKind, text: string, end: number): Token =>
  end < 0 ? { kind, end: text.length, closed: false } : { kind, end, closed: true };

/** The token at `at`, which must lie within the text and on a token's start. */
export function tokenAt(text: string, at: number): Token {
  const code = text.charCodeAt(at);
  if (code <= 32 || code === 0xfeff) {
    const end = matchEnd(SPACE, text, at);
    return token("space", text, end === at ? at + 1 : end);
  }
  const next = text.charCodeAt(at + 1);
  switch (code) {
    case 0x27:
      return token("string", text, quoteEnd(text, at, false));
    case 0x22:
      return token("name", text, quoteEnd(text, at, false));
    case 0x3b:
      return token("semicolon", text, at + 1);
    case 0x5c:
      return token("backslash", text, at + 1);
    case 0x2d: {
      if (next !== 0x2d) return token("other", text, at + 1);
      return token("comment", text, matchEnd(LINE_COMMENT, text, at));
    }
    case 0x2f:
      return next === 0x2a ? token("comment", text, commentEnd(text, at)) : token("other", text, at + 1);
    case 0x24: {
      const body = matchEnd(DOLLAR, text, at);
      if (body === at) return token("other", text, at + 1);
      const end = text.indexOf(text.slice(at, body), body);
      return token("dollar", text, end < 0 ? -1 : end + body - at);
    }
    default: {
      const word = matchEnd(WORD, text, at);
      if (word === at + 1 && (code === 0x65 || code === 0x45) && next === 0x27)
        return token("string", text, quoteEnd(text, word, true));
      if (word > at) return token("word", text, word);
      const number = matchEnd(NUMBER, text, at);
      return number > at ? token("number", text, number) : token("other", text, at + 1);
    }
  }
}

/** The text with everything quoted or commented blanked out, quoted names too; every other character keeps its place. */
export function mask(text: string): string {
  let masked = "";
  for (let at = 0; at < text.length;) {
    const { kind, end } = tokenAt(text, at);
    const quoted = kind === "comment" || kind === "string" || kind === "dollar" || kind === "name";
    masked += quoted ? text.slice(at, end).replaceAll(/[^\n]/g, " ") : text.slice(at, end);
    at = end;
  }
  return masked;
}
