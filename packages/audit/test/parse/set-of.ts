/** Migration sets for tests, made of texts. */
import type { Fragment, MigrationSet, MigrationTool } from "../../src/find/migration.ts";
import { parseMigrations } from "../../src/parse/parse-migrations.ts";
import type { ParsedStatement } from "../../src/history/statement.ts";

/** A set of one file. */
export function setOf(
  sql: string | readonly Fragment[],
  over: Partial<MigrationSet> = {},
  file = "db/a.sql",
): MigrationSet {
  const tool: MigrationTool = over.tool ?? "sql";
  const fragments = typeof sql === "string" ? [{ sql, line: 1, offset: 0 }] : sql;
  const migrations = [{ name: "a", tool, file, fragments, transaction: false }];
  return { tool, folder: "db", migrations, unread: [], evidence: [], ...over };
}

export function read(sql: string, over?: Partial<MigrationSet>, file?: string): Promise<ParsedStatement[]> {
  return parseMigrations(setOf(sql, over, file));
}

/** Line:column, type or problem or reason: what a table of cases compares. */
export const brief = ({ place, type, problem, skip }: ParsedStatement): string =>
  `${place.line}:${place.column} ${skip === undefined ? (problem ?? type) : `skip: ${skip.reason}`}`;
