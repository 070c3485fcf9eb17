/**
 * The statements of a fixture as a history, without a replay: all of them ran, in the order in which they stand. What they touched is left
 * out, as on a server that can't tell, so a rule that asks for it here learns to do without.
 */
import type { Migration } from "../../src/find/migration.ts";
import type { History } from "../../src/history/history.ts";
import type { Statement } from "../../src/history/statement.ts";
import { parseMigrations } from "../../src/parse/parse-migrations.ts";

/** The history of migrations, by their names; each says whether its tool runs it as one transaction (default no). */
export async function plainHistory(
  files: Readonly<Record<string, string | { readonly sql: string; readonly transaction: boolean }>>,
): Promise<History> {
  const migrations = Object.entries(files).map(([name, file]): Migration => {
    const { sql, transaction } = typeof file === "string" ? { sql: file, transaction: false } : file;
    const fragments = [{ sql, line: 1, offset: 0 }];
    return { name, tool: "sql", file: `migrations/${name}.sql`, fragments, transaction };
  });
  const parsed = await parseMigrations({ tool: "sql", folder: "migrations", migrations, unread: [], evidence: [] });
  const statements = parsed.map((statement, index): Statement => ({
    ...statement,
    index,
    outcome: { state: "ran" },
    asSuperuser: true,
    touched: [],
  }));
  return { statements, origin: () => undefined, all: () => [] };
}
