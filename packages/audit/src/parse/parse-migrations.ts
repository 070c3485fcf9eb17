/**
 * From the files of a migration set to statements, each with its place and its tree. Must never drop text: what can't be parsed is a
 * statement without a tree that says why. Reads no file.
 */
import type { Migration, MigrationSet } from "../find/migration.ts";
import type { ParsedStatement } from "../history/statement.ts";
import { foreignDialect } from "./dialect.ts";
import { type Budget, MOST_TEXT } from "./budget.ts";
import { parseFragment, type Script } from "./parse-fragment.ts";
import { psql } from "./psql.ts";
import { replacesText, surroundingsOf } from "./surroundings.ts";

const refused = ({ tree, skip }: ParsedStatement): boolean => tree === null && skip === undefined;

/** A file for another database is one reason; a few statements that look so are not. */
function oneReason(statements: readonly ParsedStatement[]): readonly ParsedStatement[] {
  const bad = statements.filter(refused);
  const [first] = bad;
  if (first === undefined) return statements;
  const signs = bad.slice(0, 50).map(({ text }) => foreignDialect(text));
  const dialect = signs.find((sign) => sign !== undefined);
  if (dialect === undefined) return statements;
  if (bad.length * 3 < statements.length)
    return statements.map((statement) => {
      const own = signs[bad.indexOf(statement)];
      return own === undefined
        ? statement
        : { ...statement, problem: `${statement.problem}; ${own.sign} is ${own.name}` };
    });
  const at = bad[signs.indexOf(dialect)] ?? first;
  const problem = `the file is written for ${dialect.name} (${dialect.sign}): PostgreSQL refuses ${bad.length} of its ${statements.length} statements`;
  return [{ ...at, problem }];
}

async function parseMigration(migration: Migration, script: Script): Promise<readonly ParsedStatement[]> {
  const statements: ParsedStatement[] = [];
  // no spread: as arguments, a hundred thousand statements overflow the stack
  for (const fragment of migration.fragments)
    for (const statement of await parseFragment(fragment, script)) statements.push(statement);
  return oneReason(statements);
}

/** Parses all migrations of a set, in their order. */
export async function parseMigrations(set: MigrationSet): Promise<ParsedStatement[]> {
  const statements: ParsedStatement[] = [];
  const surroundings = surroundingsOf(set);
  const budget: Budget = { left: MOST_TEXT };
  for (const migration of set.migrations) {
    const session = psql(replacesText(migration) ? {} : (set.placeholders ?? {}));
    const script: Script = {
      migration,
      set,
      session,
      surroundings: surroundings(migration),
      including: [migration.file],
      budget,
    };
    for (const statement of await parseMigration(migration, script)) statements.push(statement);
  }
  return statements;
}
