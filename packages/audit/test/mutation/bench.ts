/**
 * One database a schema: the clean schema is made once, each mutant is made from it in a transaction, read, and rolled back, roles included. Must never
 * leave anything of one mutant for the next.
 */
import { type Queryable, readSnapshot, type Snapshot } from "@watertight/schema";
import type { TestServer } from "@watertight/testkit";
import type { Facts } from "../../src/rules/rule.ts";
import type { Declared } from "../../src/understand/declared.ts";
import { factsIn } from "../support/facts.ts";
import { fixtureDatabase } from "../support/fixture-database.ts";
import { plainHistory } from "../support/plain-history.ts";

/** A database in which statements are tried. */
export interface Bench {
  /** The facts after statements have run, with a history that may be another; throws what PostgreSQL says where it refuses. */
  try(statements: readonly string[], migrations: readonly (readonly string[])[]): Promise<Facts>;
  /** Runs statements for good. */
  keep(statements: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** Opens one for texts that make these roles. */
export async function openBench(server: TestServer, sql: string, declared: Declared): Promise<Bench> {
  // beside the schema's roles, the one that mutants make
  const fixture = await fixtureDatabase(server, `${sql}\n;create role mutant;`);
  const { admin } = fixture.database;
  const run = async (statements: readonly string[]): Promise<void> => {
    // with the semicolon on a line of its own: a statement may end with a comment
    await admin.query(fixture.translate(["reset role", ...statements, "reset role"].join("\n;\n")));
  };
  const read = async (statements: readonly string[]): Promise<Snapshot> => {
    await admin.query("begin");
    try {
      await run(statements);
      return await readSnapshot(withinTransaction(admin));
    } finally {
      await admin.query("rollback");
    }
  };
  return {
    keep: run,
    async try(statements, migrations) {
      const files = migrations.map(
        (file, at) => [`000${at + 1}`, { sql: file.join("\n;\n"), transaction: true }] as const,
      );
      const history = await plainHistory(Object.fromEntries(files));
      return factsIn(fixture, await read(statements), history, { declared });
    },
    close: () => fixture.drop(),
  };
}

/** What reads in a transaction of its own, here reads in ours: its end undoes its settings and nothing else. */
function withinTransaction(db: Queryable): Queryable {
  const instead: Readonly<Record<string, string>> = {
    begin: "savepoint reading",
    commit: "rollback to reading",
    rollback: "rollback to reading",
  };
  return { query: (text, params) => db.query(instead[text.split(" ")[0] ?? ""] ?? text, params) };
}
