/**
 * The text of a rule's fixtures: where they lie, their statements, and the statement in which two of them differ. Runs nothing.
 */
import { readdir, readFile } from "node:fs/promises";
import type { SyntaxNode } from "../../src/history/statement.ts";
import { parse } from "../../src/parse/parser.ts";
import { split } from "../../src/parse/split.ts";

/** The two fixtures of a rule. */
export type Colour = "red" | "green";

/** A statement of a fixture. */
export interface FixtureStatement {
  readonly text: string;
  /** Line in the fixture, from 1. */
  readonly line: number;
  readonly tree: SyntaxNode;
}

/** A file of a rule's folder. */
export function readRuleFile(slug: string, file: string): Promise<string> {
  return readFile(new URL(`../../src/rules/${slug}/${file}`, import.meta.url), "utf8");
}

/** The fixtures of a rule by colour: red.sql and green.sql, and a pair of a name of its own for each other way to break it. */
export async function fixturePairs(slug: string): Promise<Record<Colour, string>[]> {
  const files = await readdir(new URL(`../../src/rules/${slug}/`, import.meta.url));
  return files
    .filter((file) => /^(?:[a-z-]+\.)?red\.sql$/.test(file))
    .map((file) => ({ red: file, green: file.replace(/red\.sql$/, "green.sql") }));
}

/** Cuts and parses; throws on what PostgreSQL's parser refuses, because a fixture has no excuse. */
export async function fixtureStatements(sql: string): Promise<FixtureStatement[]> {
  const statements: FixtureStatement[] = [];
  for (const piece of split(sql)) {
    const text = sql.slice(piece.start, piece.end);
    const line = sql.slice(0, piece.start).split("\n").length;
    if (piece.kind !== "statement" || piece.open !== null) throw new Error(`line ${line} is not a statement: ${text}`);
    const { trees, problem } = await parse(text);
    const [tree] = trees ?? [];
    if (tree === undefined) throw new Error(`line ${line}: ${problem}: ${text}`);
    statements.push({ text, line, tree });
  }
  return statements;
}

/** A statement without its white space and places: two that mean the same are equal. */
const shape = ({ tree }: FixtureStatement): string =>
  JSON.stringify(tree, (key, value: unknown) =>
    key === "location" || key === "stmt_len" || key === "list_start" || key === "list_end" ? undefined : value,
  );

/**
 * What is left of both when what they have in common at the start and at the end is taken away: at most one statement on each side where
 * they differ by one statement that was changed, added or removed.
 */
export function difference(
  red: readonly FixtureStatement[],
  green: readonly FixtureStatement[],
): Record<Colour, readonly FixtureStatement[]> {
  const [left, right] = [red.map(shape), green.map(shape)];
  let start = 0;
  while (start < Math.min(left.length, right.length) && left[start] === right[start]) start += 1;
  let end = 0;
  while (end < Math.min(left.length, right.length) - start && left.at(-1 - end) === right.at(-1 - end)) end += 1;
  return { red: red.slice(start, red.length - end), green: green.slice(start, green.length - end) };
}
