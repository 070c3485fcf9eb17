/**
 * Over TLS, by both ways to begin it: a scoped query, and a cancel, which goes over a connection of its own and has to be encrypted like the first.
 */
import { execFile } from "node:child_process";
import { chmod, chown, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { sized, startServer, type TestServer } from "@watertight/testkit";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { errorOf, tenantA, type TenantDatabase, tenantDatabase } from "../../fixture/tenant-database.ts";

const run = promisify(execFile);

/** A certificate for 127.0.0.1 in files of the server's user; null where there is no openssl. */
async function certificate(folder: string): Promise<{ cert: string; key: string } | null> {
  const [cert, key] = [join(folder, "server.crt"), join(folder, "server.key")];
  const words = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  const names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
  try {
    await run("openssl", [...words, ...names, "-keyout", key, "-out", cert]);
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return null;
    throw error;
  }
  await chmod(folder, 0o755);
  await chmod(key, 0o600);
  // as root, the server runs as nobody
  if (process.getuid?.() === 0) for (const file of [cert, key]) await chown(file, 65_534, 65_534);
  return { cert, key };
}

describe.each(sized([18, 15] as const, [18] as const))("TLS, PostgreSQL %s", (version) => {
  let folder: string;
  let ca: string | undefined;
  let server: TestServer;
  let db: TenantDatabase;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "watertight-tls-"));
    const files = await certificate(folder);
    if (files === null) return;
    ca = await readFile(files.cert, "utf8");
    const settings = { ssl: "on", ssl_cert_file: files.cert, ssl_key_file: files.key };
    server = await startServer({ version, settings });
    db = await tenantDatabase(server);
  }, 120_000);
  afterAll(async () => {
    await db?.close();
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const sleeping = async (): Promise<number> => {
    const { rows } = await db.admin.query(
      "select count(*)::int as n from pg_stat_activity where query like '%pg_sleep%' and state = 'active' and pid <> pg_backend_pid()",
    );
    return rows[0].n;
  };

  // direct negotiation came with 17
  const ways: readonly ("postgres" | "direct")[] = version >= 17 ? ["postgres", "direct"] : ["postgres"];
  test.for(ways)(
    "negotiated the way of %s: the tenant's rows, and a cancel that arrives",
    { timeout: 60_000 },
    async (how, context) => {
      if (ca === undefined) return context.skip("openssl, which makes the certificate, is not installed");
      const ssl = { ca, ...(how === "direct" ? { ALPNProtocols: ["postgresql"] } : {}) };
      const pool = db.pool({ max: 1, ssl, sslnegotiation: how } as pg.PoolConfig);
      const mine = pool.for(tenantA);
      expect((await mine.query("select count(*)::int as n from note")).rows).toEqual([{ n: 20 }]);
      const { rows } = await db.admin.query(
        "select ssl from pg_stat_ssl join pg_stat_activity using (pid) where usename = $1",
        [db.roles.app],
      );
      expect(rows).toEqual([{ ssl: true }]);

      const abort = new AbortController();
      const work = errorOf(mine.query("select pg_sleep(60)", [], { signal: abort.signal }));
      await expect.poll(sleeping).toBe(1);
      abort.abort();
      expect((await work).code).toBe("WT_ABORTED");
      // a statement that nobody cancels sleeps on after its client is gone
      await expect.poll(sleeping, { timeout: 10_000 }).toBe(0);
      expect((await mine.query("select count(*)::int as n from note")).rows).toEqual([{ n: 20 }]);

      // control: the socket alone does not end it
      const plain = new pg.Client({ connectionString: db.adminUrl, ssl });
      plain.on("error", () => {});
      await plain.connect();
      plain.query("select pg_sleep(60)").catch(() => {});
      await expect.poll(sleeping).toBe(1);
      (plain as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
      expect(await sleeping()).toBe(1);
      await db.admin.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep%' and state = 'active' and pid <> pg_backend_pid()",
      );
      await expect.poll(sleeping, { timeout: 10_000 }).toBe(0);
      await pool.end();
    },
  );
});
