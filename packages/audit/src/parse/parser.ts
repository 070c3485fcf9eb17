/**
 * PostgreSQL 18's own parser (libpg-query, WASM), one statement at a time. Must never be left in a broken state: a stack overflow inside
 * the module (a sum of 20,000 terms) is not undone there and, repeated, corrupts its memory, so the instance is then thrown away.
 */
import { createRequire } from "node:module";
import type * as LibPgQuery from "libpg-query";
import type { SyntaxNode } from "../history/statement.ts";

/** Longest statement that is parsed, in UTF-16 units: the tree of a larger one (always data) does not fit our memory limit. */
export const LONGEST_STATEMENT: number = 1024 * 1024;

/** What the parser said of a text. */
export type Parsed =
  /** `starts` are byte offsets (UTF-8) of the first words. */
  | { readonly trees: readonly SyntaxNode[]; readonly starts: readonly number[]; readonly problem: null }
  /** `at` is the offset in UTF-16 units. */
  | { readonly trees: null; readonly problem: string; readonly at: number };

const require = createRequire(import.meta.url);
let library: typeof LibPgQuery | undefined;

async function load(): Promise<typeof LibPgQuery> {
  if (library === undefined) {
    const loaded = require("libpg-query") as typeof LibPgQuery;
    await loaded.loadModule();
    library = loaded;
  }
  return library;
}

/** Whoever loads the parser from now on gets a new one. */
function throwAway(): void {
  library = undefined;
  delete require.cache[require.resolve("libpg-query")];
}

/** The parser counts code points. */
function toUnits(text: string, points: number): number {
  let units = 0;
  for (let left = points; left > 0 && units < text.length; left -= 1)
    units += (text.codePointAt(units) ?? 0) > 0xffff ? 2 : 1;
  return units;
}

const refuse = (problem: string, at = 0): Parsed => ({ trees: null, problem, at });

/** Parses a text; `trees` has one entry a statement, its `location`s are byte offsets (UTF-8) in the text. */
export async function parse(text: string): Promise<Parsed> {
  if (text.includes("\0")) return refuse("a NUL character", text.indexOf("\0"));
  if (text.length > LONGEST_STATEMENT)
    return refuse(`a statement of ${text.length} characters; at most ${LONGEST_STATEMENT} are parsed`);
  if (text === "") return { trees: [], starts: [], problem: null };
  const parser = library ?? (await load());
  try {
    const { stmts = [] } = parser.parseSync(text);
    const starts = stmts.map(({ stmt_location: start = 0 }) => start);
    return { trees: stmts.map(({ stmt }) => stmt as SyntaxNode), starts, problem: null };
  } catch (error) {
    if (parser.hasSqlDetails(error)) return refuse(error.message, toUnits(text, error.sqlDetails?.cursorPosition ?? 0));
    throwAway();
    if (error instanceof Error && /^(?:Range|Runtime)Error$/.test(error.name))
      return refuse("nested too deeply for the parser");
    throw error;
  }
}
