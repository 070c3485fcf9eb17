/**
 * Tokens of TypeScript and JavaScript, as far as they are needed to find strings: strings, templates with their parts, names, brackets that
 * match. Must never run anything. Types, JSX and decorators pass as names and marks.
 */

/** A token. `close` is the index of the bracket that ends what this one opens, or begins what it ends; -1 elsewhere. */
export interface CodeToken {
  readonly kind: "string" | "template" | "name" | "number" | "regex" | "mark";
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** Of a template: texts and what stands in ${…}, in turn. */
  readonly parts: readonly TemplatePart[];
  close: number;
}

/** A piece of a template: raw text from `start` to `end`, or the tokens of an expression. */
interface TemplatePart {
  readonly start: number;
  readonly end: number;
  readonly tokens: readonly CodeToken[] | null;
}

const SKIP = /(?:\s+|\/\/[^\n]*|\/\*[^]*?(?:\*\/|$))+/y;
const NAME = /[#@]?[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*/uy;
const NUMBER = /(?:0[xob][\da-f_]+|\d[\d_]*(?:\.\d+)?(?:e[+-]?\d+)?)n?/iy;
const REGEX = /\/(?![*/])(?:[^\\/[\n]|\\[^\n]|\[(?:[^\\\]\n]|\\[^\n])*\])+\/[a-z]*/y;
const MARK = /=>|\.\.\.|\?\.|[^]/uy;
const VALUE_ENDS = /^(?:[)\]}]|\w+|["'`].*)$/s;
const KEYWORD_BEFORE_VALUE = /^(?:return|typeof|case|in|of|do|else|await|yield|new|delete|void|throw)$/;

/** Where a quoted string ends. */
function stringEnd(source: string, at: number): number {
  const mark = source[at];
  for (let i = at + 1; i < source.length; i += 1) {
    if (source[i] === "\\") i += 1;
    else if (source[i] === mark || source[i] === "\n") return i + 1;
  }
  return source.length;
}

/** Reads a template from its first backtick. */
function template(source: string, at: number): { end: number; parts: TemplatePart[] } {
  const parts: TemplatePart[] = [];
  let from = at + 1;
  for (let i = from; i < source.length; i += 1) {
    if (source[i] === "\\") i += 1;
    else if (source[i] === "`") {
      parts.push({ start: from, end: i, tokens: null });
      return { end: i + 1, parts };
    } else if (source[i] === "$" && source[i + 1] === "{") {
      const inner = readTokens(source, i + 2, true);
      parts.push({ start: from, end: i, tokens: null }, { start: i + 2, end: inner.end, tokens: inner.tokens });
      from = inner.end + 1;
      i = inner.end;
    }
  }
  parts.push({ start: from, end: source.length, tokens: null });
  return { end: source.length, parts };
}

function readTokens(source: string, from: number, untilBrace: boolean): { tokens: CodeToken[]; end: number } {
  const tokens: CodeToken[] = [];
  const open: number[] = [];
  let at = from;
  const push = (kind: CodeToken["kind"], end: number, parts: readonly TemplatePart[] = []): void => {
    tokens.push({ kind, start: at, end, text: source.slice(at, end), parts, close: -1 });
    at = end;
  };
  const matches = (pattern: RegExp): number => {
    pattern.lastIndex = at;
    return pattern.test(source) ? pattern.lastIndex : -1;
  };
  while (at < source.length) {
    const skipped = matches(SKIP);
    if (skipped > at) {
      at = skipped;
      continue;
    }
    const char = source.charAt(at);
    const last = tokens.at(-1)?.text ?? "";
    if (untilBrace && char === "}" && open.length === 0) return { tokens, end: at };
    if (char === '"' || char === "'") push("string", stringEnd(source, at));
    else if (char === "`") {
      const { end, parts } = template(source, at);
      push("template", end, parts);
    } else if (matches(NAME) > at) push("name", matches(NAME));
    else if (matches(NUMBER) > at) push("number", matches(NUMBER));
    else if (char === "/" && matches(REGEX) > at && (!VALUE_ENDS.test(last) || KEYWORD_BEFORE_VALUE.test(last)))
      push("regex", matches(REGEX));
    else {
      push("mark", matches(MARK));
      const index = tokens.length - 1;
      if (/^[([{]$/.test(char)) open.push(index);
      else if (/^[)\]}]$/.test(char)) {
        const opener = open.pop();
        const [first, second] = [tokens[opener ?? -1], tokens[index]];
        if (first !== undefined && second !== undefined && opener !== undefined) {
          first.close = index;
          second.close = opener;
        }
      }
    }
  }
  return { tokens, end: at };
}

/** All tokens of a source. */
export const tokensOf = (source: string): readonly CodeToken[] => readTokens(source, 0, false).tokens;
