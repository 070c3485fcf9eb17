// The template database with the kit installed: built once per server and per set of options, whatever worker comes first.
// The other workers wait on an advisory lock, and read the kit's key from the template's comment. Must never be written to
// after it was built.
import { createHash } from "node:crypto";
import pg from "pg";
import { installKit, type RoleNames } from "@watertight/schema";
import type { TestServer } from "../server/test-server.ts";
import { LOGIN_ROLES, rolePassword, roleSet, runPrefix } from "./role-set.ts";

/** How the kit is installed in a test database. */
export interface KitOptions {
  /** Security level; default `sealed`. */
  level?: "plain" | "sealed" | "hostile";
}

/** A template database with the kit. */
export interface KitTemplate {
  name: string;
  roles: RoleNames;
  /** WATERTIGHT_KEY for this kit; empty at level plain. */
  key: string;
}

// Starts the comment: at level plain there is no key, and an empty comment is none.
const BUILT = "key ";
const LOCK = 0x77_74_6b_74;

/** Returns the template for these options, building it when this run has not yet done so. */
export async function kitTemplate(server: TestServer, runId: string, options: KitOptions): Promise<KitTemplate> {
  const roles = roleSet(server, runId);
  const digest = createHash("sha256").update(JSON.stringify(options)).digest("hex").slice(0, 8);
  const name = `${runPrefix(runId)}template_${digest}`;
  const client = new pg.Client({ connectionString: server.url() });
  client.on("error", () => {});
  await client.connect();
  try {
    await client.query("select pg_catalog.pg_advisory_lock($1)", [LOCK]);
    const found = await client.query<{ key: string | null }>(
      "select pg_catalog.shobj_description(oid, 'pg_database') as key from pg_catalog.pg_database where datname = $1",
      [name],
    );
    const row = found.rows[0];
    if (row && row.key !== null) return { name, roles, key: row.key.slice(BUILT.length) };
    // Without its comment a template is one whose building failed.
    if (row) await client.query(`drop database ${pg.escapeIdentifier(name)} with (force)`);
    await client.query(`create database ${pg.escapeIdentifier(name)} template template0`);
    const key = await install(server.url(name), server, runId, roles, options);
    await client.query(`comment on database ${pg.escapeIdentifier(name)} is ${pg.escapeLiteral(BUILT + key)}`);
    return { name, roles, key };
  } finally {
    // Ending the session frees the lock.
    await client.end();
  }
}

async function install(
  url: string,
  server: TestServer,
  runId: string,
  roles: RoleNames,
  options: KitOptions,
): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {});
  await client.connect();
  try {
    const report = await installKit(client, { ...options, roles });
    if (!server.embedded) {
      const password = pg.escapeLiteral(rolePassword(server, runId));
      for (const role of LOGIN_ROLES) {
        await client.query(`alter role ${pg.escapeIdentifier(roles[role])} password ${password}`);
      }
    }
    return report.key ?? "";
  } finally {
    await client.end();
  }
}
