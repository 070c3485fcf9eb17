/**
 * SQL in, facts out: what a rule, a fix or an attack is given, of a database that has just been made from a fixture. Speaks the fixture's own
 * role names throughout, although the server has others (see fixture-database.ts). Must never show roles or databases of other tests.
 */
import { readSnapshot, type Snapshot } from "@watertight/schema";
import type { TestDatabase, TestServer } from "@watertight/testkit";
import pg from "pg";
import type { History } from "../../src/history/history.ts";
import type { Facts } from "../../src/rules/rule.ts";
import { reachOf } from "../../src/understand/reach.ts";
import type { Declared } from "../../src/understand/declared.ts";
import { loadParser } from "../../src/understand/sql/parser.ts";
import { understand } from "../../src/understand/understand.ts";
import { type FixtureDatabase, fixtureDatabase, runFixture } from "./fixture-database.ts";
import { fixtureStatements } from "./fixture-sql.ts";
import { plainHistory } from "./plain-history.ts";

/** Facts of a database that is still there. */
export interface LiveFacts extends Facts {
  readonly database: TestDatabase;
  /** Connected as superuser. Its SQL needs translate(), as every text that names a role. */
  readonly admin: pg.Client;
  /** Text with the fixture's role names in the server's. */
  translate(sql: string): string;
  /** Text of the server, an error for example, in the fixture's names. */
  restore(text: string): string;
  /** A new connection as a role of the fixture, closed by drop(). One that may not log in is taken on by SET SESSION AUTHORIZATION. */
  as(role: string): Promise<pg.Client>;
  /** Reads the catalog again, after something was changed. */
  reread(): Promise<Facts>;
  drop(): Promise<void>;
}

/** Options of {@link factsOf}. */
export interface FactsOptions {
  /** Declares the application's roles, in the fixture's names; default: as `understand` finds them. */
  readonly roles?: readonly string[];
  /** Whatever else the owner declares. */
  readonly declared?: Declared;
}

/**
 * Runs the SQL as superuser in a database of its own and reads the facts.
 * @example
 * const facts = await factsOf(server, await readRuleFile(slug, "red.sql"));
 * try { expect(rule.find(facts)).not.toEqual([]); } finally { await facts.drop(); }
 */
export async function factsOf(server: TestServer, sql: string, options: FactsOptions = {}): Promise<LiveFacts> {
  const fixture = await fixtureDatabase(server, sql);
  const clients: pg.Client[] = [];
  try {
    await runFixture(fixture, await fixtureStatements(sql));
    await loadParser();
    const history = await plainHistory({ "0001_fixture": sql });
    const read = async (): Promise<Facts> =>
      factsIn(fixture, await readSnapshot(fixture.database.admin), history, options);
    return {
      ...(await read()),
      database: fixture.database,
      admin: fixture.database.admin,
      translate: fixture.translate,
      restore: fixture.restore,
      reread: read,
      async as(role) {
        const client = await connect(server, fixture, role);
        clients.push(client);
        return client;
      },
      async drop() {
        await Promise.all(clients.map((client) => client.end()));
        await fixture.drop();
      },
    };
  } catch (error) {
    await fixture.drop();
    throw error;
  }
}

/** The facts of a snapshot that was read in a fixture's database. The parser must be loaded (`loadParser`). */
export function factsIn(
  fixture: FixtureDatabase,
  read: Snapshot,
  history: History,
  { roles, declared }: FactsOptions = {},
): Facts {
  const snapshot = ownPart(read, fixture);
  const config = { ...declared, ...(roles === undefined ? {} : { roles: { tenant: roles } }) };
  const understanding = understand(snapshot, { config });
  const names = understanding.roles.filter(({ kind }) => kind !== "service").map(({ name }) => name);
  return { snapshot, understanding, reach: reachOf(snapshot, names), history };
}

// Roles and databases belong to the whole server, where other tests run at the same time.
function ownPart(snapshot: Snapshot, { owns, restore }: FixtureDatabase): Snapshot {
  const mine: Snapshot = {
    ...snapshot,
    roles: snapshot.roles.filter(({ name }) => owns(name)),
    memberships: snapshot.memberships.filter(({ role, member }) => owns(role) && owns(member)),
    settings: snapshot.settings.filter(({ role }) => role === null || owns(role)),
    otherDatabases: snapshot.otherDatabases.filter(({ name }) => !/^wt[0-9a-f]{8}_/.test(name)),
  };
  return JSON.parse(restore(JSON.stringify(mine))) as Snapshot;
}

async function connect(server: TestServer, { database, role }: FixtureDatabase, name: string): Promise<pg.Client> {
  const user = role(name);
  const { rows } = await database.admin.query<{ login: boolean }>(
    "select rolcanlogin as login from pg_catalog.pg_roles where rolname = $1",
    [user],
  );
  if (rows[0] === undefined) throw new Error(`The fixture has no role ${name}.`);
  const { login } = rows[0];
  const url = new URL(login ? server.url(database.name, user) : database.adminUrl);
  if (login && !server.embedded) {
    url.password = "fixture";
    await database.admin.query(`alter role ${pg.escapeIdentifier(user)} password 'fixture'`);
  }
  const client = new pg.Client({ connectionString: url.href });
  client.on("error", () => {});
  await client.connect();
  if (!login) await client.query(`set session authorization ${pg.escapeIdentifier(user)}`);
  return client;
}
