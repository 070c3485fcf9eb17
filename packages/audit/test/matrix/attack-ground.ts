// A schema on a real server, understood as `check` would, ready to be attacked. Roles get names of their own on the server, because the
// attacks let them log in; what is read and written here speaks the server's names.
import { readFile } from "node:fs/promises";
import { readSnapshot, type Snapshot } from "@watertight/schema";
import type { TestServer } from "@watertight/testkit";
import pg from "pg";
import type { AttackServer } from "../../src/matrix/server.ts";
import type { Facts } from "../../src/rules/rule.ts";
import type { Declared } from "../../src/understand/declared.ts";
import { reachOf } from "../../src/understand/reach.ts";
import { loadParser } from "../../src/understand/sql/parser.ts";
import { understand } from "../../src/understand/understand.ts";
import { type FixtureDatabase, fixtureDatabase, runFixture } from "../support/fixture-database.ts";
import { fixtureStatements } from "../support/fixture-sql.ts";

/** A schema to attack. */
export interface AttackGround {
  readonly facts: Facts;
  readonly server: AttackServer;
  readonly fixture: FixtureDatabase;
  drop(): Promise<void>;
}

/** What Supabase has before the first migration. */
export const supabaseBase = (): Promise<string> =>
  readFile(new URL("../understand/styles/supabase.sql", import.meta.url), "utf8");

/** Facts of a fixture, in the server's role names. */
export async function groundFacts(fixture: FixtureDatabase, config: Declared = {}): Promise<Facts> {
  await loadParser();
  const mine = (await readSnapshot(fixture.database.admin)) as Snapshot;
  const plain = JSON.parse(
    fixture.restore(
      JSON.stringify({
        ...mine,
        roles: mine.roles.filter(({ name }) => fixture.owns(name)),
        memberships: mine.memberships.filter(({ role, member }) => fixture.owns(role) && fixture.owns(member)),
        settings: mine.settings.filter(({ role }) => role === null || fixture.owns(role)),
      }),
    ),
  ) as Snapshot;
  // inferred by the names that people write, then told in the names of the server
  const renamed = <T>(value: T): T => JSON.parse(fixture.translate(JSON.stringify(value))) as T;
  const snapshot = renamed(plain);
  const understanding = renamed(understand(plain, { config }));
  const names = understanding.roles.filter(({ kind }) => kind !== "service").map(({ name }) => name);
  return { snapshot, understanding, reach: reachOf(snapshot, names), history: undefined };
}

/** Runs the SQL in a database of its own. */
export async function attackGround(server: TestServer, sql: string, config: Declared = {}): Promise<AttackGround> {
  const fixture = await fixtureDatabase(server, sql);
  try {
    await runFixture(fixture, await fixtureStatements(sql));
    const facts = await groundFacts(fixture, config);
    const made = new Set<string>();
    return {
      facts,
      fixture,
      server: {
        config: (role) => ({
          connectionString: role === null ? fixture.database.adminUrl : server.url(fixture.database.name, role),
        }),
        superuser: (text) => {
          const [, role] = /\bcreate role ("all_[0-9a-f]+") /.exec(text) ?? [];
          if (role !== undefined) made.add(role);
          return fixture.database.admin.query(text);
        },
      },
      async drop() {
        await fixture.drop();
        const admin = new pg.Client({ connectionString: server.url() });
        await admin.connect();
        for (const role of made) await admin.query(`drop role ${role}`);
        await admin.end();
      },
    };
  } catch (error) {
    await fixture.drop();
    throw error;
  }
}
