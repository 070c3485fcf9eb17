/**
 * Exact surgery on the text of a statement: where a clause stands, and the text with something else in its place. Quotes and comments are never looked
 * into, so a word inside a string or a body is not taken for a clause.
 */
import { mask } from "../../src/parse/lex.ts";

/** A stretch of a text. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** What stands inside the parentheses behind the words, for example `/\busing/`; undefined where it is not there. */
export function inParens(text: string, words: RegExp): Span | undefined {
  const masked = mask(text);
  const found = new RegExp(`${words.source}\\s*\\(`, "i").exec(masked);
  if (found === null) return undefined;
  const start = found.index + found[0].length;
  let end = start;
  for (let depth = 1; end < masked.length; end += 1) {
    if (masked[end] === "(") depth += 1;
    else if (masked[end] === ")") depth -= 1;
    if (depth === 0) return { start, end };
  }
  return undefined;
}

/** Where words stand outside of quotes. */
export function wordsAt(text: string, words: RegExp): Span | undefined {
  const found = new RegExp(words.source, "i").exec(mask(text));
  return found === null ? undefined : { start: found.index, end: found.index + found[0].length };
}

/** The text of a stretch. */
export function at(text: string, { start, end }: Span): string {
  return text.slice(start, end);
}

/** The text with something else in a place. */
export function put(text: string, { start, end }: Span, by: string): string {
  return text.slice(0, start) + by + text.slice(end);
}

/** The text without the words; undefined where they are not there. */
export function cut(text: string, words: RegExp): string | undefined {
  const span = wordsAt(text, words);
  return span && put(text, span, "");
}

/** "schema.name" of a RangeVar of the tree. */
export function rangeName(range: { schemaname?: string; relname: string }): string {
  return `${range.schemaname ?? "public"}.${range.relname}`;
}
