// A fresh database for one test, copied from a template in about 50 ms. Must never reuse a name, and must never fail a test
// because a stray connection still holds the database at the end: the server (or the run's clean-up) goes away anyway.
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { RoleNames } from "@watertight/schema";
import pg from "pg";
import { testRun } from "../run/test-run.ts";
import type { TestServer } from "../server/test-server.ts";
import { copyDatabaseRights } from "./copy-rights.ts";
import type { KitOptions, KitTemplate } from "./kit-template.ts";
import { rolePassword, roleSet, runPrefix } from "./role-set.ts";

/** Options of {@link createDatabase}. */
export interface CreateDatabaseOptions {
  /** Database to copy; default `template0`. Nobody may be connected to it. */
  template?: string;
  /** Installs the kit (from a template built once per server). */
  kit?: boolean | KitOptions;
}

/** A database of one test. */
export interface TestDatabase {
  name: string;
  server: TestServer;
  /** The kit's role names on this server; they exist once the kit was installed. */
  roles: RoleNames;
  /** WATERTIGHT_KEY of the kit; empty without the kit or at level plain. */
  key: string;
  adminUrl: string;
  appUrl: string;
  /** URL for any role of the database. */
  url(user: string): string;
  /** Connected as superuser. */
  admin: pg.Client;
  /** Closes `admin` and drops the database. */
  drop(): Promise<void>;
}

const ownRun = randomBytes(4).toString("hex");

/**
 * Creates a database on a test server.
 * @example
 * const db = await createDatabase(server, { kit: true });
 * try { … } finally { await db.drop(); }
 */
export async function createDatabase(server: TestServer, options: CreateDatabaseOptions = {}): Promise<TestDatabase> {
  const runId = testRun()?.id ?? ownRun;
  const kit = await template(server, runId, options);
  const name = `${runPrefix(runId)}${randomBytes(6).toString("hex")}`;
  const source = options.template ?? kit?.name ?? "template0";
  await asSuperuser(server, async (client) => {
    // Copying files beats writing them through the WAL by 2 to 3 times where nothing has to reach a disk.
    const strategy = server.embedded ? " strategy file_copy" : "";
    await client.query(
      `create database ${pg.escapeIdentifier(name)} template ${pg.escapeIdentifier(source)}${strategy}`,
    );
    if (source !== "template0") await copyDatabaseRights(client, source, name);
  });
  const admin = new pg.Client({ connectionString: server.url(name) });
  admin.on("error", () => {});
  await admin.connect();
  const roles = kit?.roles ?? roleSet(server, runId);
  const url = (user: string): string => userUrl(server, runId, name, user);
  return {
    name,
    server,
    roles,
    key: kit?.key ?? "",
    adminUrl: server.url(name),
    appUrl: url(roles.app),
    url,
    admin,
    async drop() {
      await admin.end().catch(() => {});
      await asSuperuser(server, (client) => dropPatiently(client, name));
    },
  };
}

async function template(
  server: TestServer,
  runId: string,
  { kit }: CreateDatabaseOptions,
): Promise<KitTemplate | undefined> {
  if (kit === undefined || kit === false) return undefined;
  // Loaded on demand: plain databases must work while the kit does not even compile.
  const { kitTemplate } = await import("./kit-template.ts");
  return kitTemplate(server, runId, kit === true ? {} : kit);
}

function userUrl(server: TestServer, runId: string, database: string, user: string): string {
  const url = server.url(database, user);
  if (server.embedded || user === server.superuser) return url;
  const withPassword = new URL(url);
  withPassword.password = rolePassword(server, runId);
  return withPassword.href;
}

// WITH (FORCE) would raise 57P01 in connections that a pool is still closing, and fail some later test with an unhandled error.
// Without it DROP DATABASE itself waits 5 s for them, so we look first, and leave a database whose connections stay.
async function dropPatiently(client: pg.Client, name: string): Promise<void> {
  for (let attempt = 0; attempt < 20; attempt++) {
    const { rows } = await client.query(
      "select from pg_catalog.pg_stat_activity where datname = $1 and backend_type = 'client backend' limit 1",
      [name],
    );
    if (rows.length === 0) break;
    if (attempt === 19) return;
    await sleep(50);
  }
  try {
    await client.query(`drop database if exists ${pg.escapeIdentifier(name)}`);
  } catch (error) {
    if ((error as { code?: string }).code !== "55006") throw error;
  }
}

async function asSuperuser(server: TestServer, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: server.url() });
  client.on("error", () => {});
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
