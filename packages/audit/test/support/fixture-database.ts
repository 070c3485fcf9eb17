/**
 * A fixture on a real server: a database of its own, and roles of its own, so that hundreds of fixtures that all say `create role shop_app`
 * run side by side in one cluster. What leaves here speaks the fixture's names again. Must never show one fixture the roles of another.
 */
import { randomBytes } from "node:crypto";
import { createDatabase, type TestDatabase, type TestServer } from "@watertight/testkit";
import pg from "pg";

/** A fixture that ran. */
export interface FixtureDatabase {
  readonly database: TestDatabase;
  /** The name that a role of the fixture has on the server. */
  role(name: string): string;
  /** Text with the fixture's role names, in the server's. */
  translate(sql: string): string;
  /** Text of the server, in the fixture's names. */
  restore(text: string): string;
  /** Whether a role, in either's names, has anything to do with this fixture. */
  owns(role: string): boolean;
  drop(): Promise<void>;
}

/** Roles that a fixture makes, also inside a DO block. */
function createdRoles(sql: string): string[] {
  const found = sql.matchAll(/\bcreate\s+(?:role|user)\s+(?:if\s+not\s+exists\s+)?"?([a-z_][a-z0-9_]*)"?/gi);
  return [...new Set([...found].flatMap(([, name]) => (name === undefined || name === "mapping" ? [] : [name])))];
}

/** Creates the database and its names; runs nothing yet. */
export async function fixtureDatabase(server: TestServer, sql: string): Promise<FixtureDatabase> {
  const database = await createDatabase(server);
  const mark = `_fx${randomBytes(4).toString("hex")}`;
  const roles = createdRoles(sql);
  const word = roles.length === 0 ? null : new RegExp(`(?<![\\w.])(?:${roles.join("|")})(?!\\w)`, "g");
  const translate = (text: string): string => (word === null ? text : text.replace(word, (name) => name + mark));
  return {
    database,
    translate,
    role: (name) => (roles.includes(name) ? name + mark : name),
    restore: (text) => text.replaceAll(mark, ""),
    // beside the fixture's there are the server's own; tests of other files make roles with all sorts of names
    owns: (role) => role.endsWith(mark) || roles.includes(role) || role.startsWith("pg_") || role === server.superuser,
    async drop() {
      await database.drop();
      const admin = new pg.Client({ connectionString: server.url() });
      await admin.connect();
      try {
        for (const role of roles) await admin.query(`drop role if exists ${pg.escapeIdentifier(role + mark)}`);
      } finally {
        await admin.end();
      }
    },
  };
}

/** Runs a fixture as its migration tool would, statement by statement; what fails names its line. */
export async function runFixture(
  { database, translate }: FixtureDatabase,
  statements: readonly { readonly text: string; readonly line: number }[],
): Promise<void> {
  for (const { text, line } of statements)
    await database.admin.query(translate(text)).catch((error: unknown) => {
      throw new Error(`line ${line}: ${(error as Error).message}\n${text}`, { cause: error });
    });
  // a fixture that said SET ROLE or SET search_path does not pass it on to those who look at it
  await database.admin.query("discard all");
}
