// A hot standby of an embedded server, by PostgreSQL's own file backup and streaming. Must never copy a server of somebody else: it reads its files.
import { execFile } from "node:child_process";
import { appendFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import type { EmbeddedVersion } from "./binaries.ts";
import { TestServerError } from "./errors.ts";
import { startServer } from "./start-server.ts";
import type { TestServer } from "./test-server.ts";

/** Settings that a primary needs: `startServer({ settings: primarySettings })`. */
export const primarySettings: Record<string, string> = { wal_level: "replica", max_wal_senders: "4" };

/**
 * Starts a hot standby that follows `primary` with everything it has.
 * @throws TestServerError WT_TEST_SERVER_FAILED for a server that this process did not start, or one without {@link primarySettings}
 * @example
 * const standby = await startStandby(primary);
 * try { await use(standby.url("app")); } finally { await standby.stop(); }
 */
export async function startStandby(primary: TestServer): Promise<TestServer> {
  if (!primary.embedded) throw new TestServerError("WT_TEST_SERVER_FAILED", "only an embedded server can be copied");
  const client = new pg.Client({ connectionString: primary.url() });
  await client.connect();
  try {
    const { rows } = await client.query("show data_directory");
    const from = String(rows[0].data_directory);
    return await startServer({
      version: primary.version as EmbeddedVersion,
      superuser: primary.superuser,
      settings: { ...primarySettings, hot_standby: "on" },
      fill: (data) => copyCluster(client, from, data, primary),
    });
  } finally {
    await client.end();
  }
}

// Owner and mode stay those of the primary's files: the server runs as the same user.
async function copyCluster(client: pg.Client, from: string, to: string, primary: TestServer): Promise<void> {
  await client.query("select pg_backup_start('standby', true)");
  await promisify(execFile)("cp", ["-a", from, to]);
  const { rows } = await client.query("select labelfile from pg_backup_stop(false)");
  for (const name of await readdir(to)) if (/^postmaster\.(pid|opts)$/.test(name)) await rm(join(to, name));
  // over files that are the server's already
  await promisify(execFile)("cp", ["-a", join(to, "PG_VERSION"), join(to, "backup_label")]);
  await writeFile(join(to, "backup_label"), rows[0].labelfile);
  await promisify(execFile)("cp", ["-a", join(to, "PG_VERSION"), join(to, "standby.signal")]);
  const conninfo = `host=${primary.host} port=${primary.port} user=${primary.superuser}`;
  await appendFile(join(to, "postgresql.auto.conf"), `primary_conninfo = '${conninfo}'\n`);
}
