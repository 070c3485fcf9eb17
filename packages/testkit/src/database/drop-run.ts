// Removes what a run left on a server of somebody else: databases first, then roles, both by the run's own prefix.
// Must never match anything else.
import pg from "pg";
import { serverFrom, type ServerDescription } from "../server/test-server.ts";
import { runPrefix } from "./role-set.ts";

/** Drops every database and role whose name starts with the run's prefix. */
export async function dropRun(description: ServerDescription, runId: string): Promise<void> {
  const pattern = `${runPrefix(runId).replaceAll("_", "\\_")}%`;
  const client = new pg.Client({ connectionString: serverFrom(description).url() });
  client.on("error", () => {});
  await client.connect();
  try {
    const databases = await client.query<{ name: string }>(
      "select datname as name from pg_catalog.pg_database where datname like $1",
      [pattern],
    );
    for (const { name } of databases.rows) {
      await client.query(`drop database if exists ${pg.escapeIdentifier(name)} with (force)`);
    }
    const roles = await client.query<{ name: string }>(
      "select rolname as name from pg_catalog.pg_roles where rolname like $1",
      [pattern],
    );
    for (const { name } of roles.rows) await client.query(`drop role if exists ${pg.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
}
