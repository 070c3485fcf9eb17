/**
 * From the files of a migration set to statements, each with its place and its tree. Must never drop text: what can't be parsed is a
 * statement without a tree that says why. Reads no file.
 */
import type { Fragment, Migration, MigrationSet } from "../find/migration.ts";
import type { ParsedStatement, SyntaxNode } from "../history/statement.ts";
import { parse } from "./parser.ts";
import { placer } from "./place.ts";
import { split } from "./split.ts";

async function parseFragment(migration: Migration, fragment: Fragment): Promise<ParsedStatement[]> {
  const statements: ParsedStatement[] = [];
  const placeAt = placer(migration.file, fragment);
  for (const piece of split(fragment.sql)) {
    const text = fragment.sql.slice(piece.start, piece.end);
    const base = { migration, place: placeAt(piece.start), text };
    if (piece.kind === "statement") {
      const { trees, problem } = await parse(text);
      if (trees === null) statements.push({ ...base, type: "", tree: null, problem });
      else for (const tree of trees) statements.push({ ...base, type: typeOf(tree), tree, problem: null });
    } else if (piece.kind === "meta") {
      const skip = { reason: `${text.split(/\s/)[0]} is a command of psql`, matters: true };
      statements.push({ ...base, type: "", tree: null, problem: null, skip });
    }
  }
  return statements;
}

const typeOf = (tree: SyntaxNode): string => Object.keys(tree)[0] ?? "";

/** Parses all migrations of a set, in their order. */
export async function parseMigrations(set: MigrationSet): Promise<ParsedStatement[]> {
  const statements: ParsedStatement[] = [];
  for (const migration of set.migrations)
    for (const fragment of migration.fragments) statements.push(...(await parseFragment(migration, fragment)));
  return statements;
}
