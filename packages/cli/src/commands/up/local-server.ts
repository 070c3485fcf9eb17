/**
 * A PostgreSQL of this command's own, on loopback, where everybody needs a password: another user of the machine gets nothing from its port.
 * Gone at the end, with its data. Must never be given to anybody but this process.
 */
import { randomBytes } from "node:crypto";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startPostgres } from "@watertight/embedded";
import pg from "pg";

/** A running server. */
export interface LocalServer {
  readonly port: number;
  /** Connection string of its superuser. */
  readonly adminUrl: string;
  /** Gives a role a password. @returns its connection string */
  login(role: string, database: string): Promise<string>;
  /** Runs `fn` as its superuser. */
  asAdmin<T>(fn: (client: pg.Client) => Promise<T>, database?: string): Promise<T>;
  stop(): Promise<void>;
}

/** Starts one. */
export async function startLocalServer(signal?: AbortSignal): Promise<LocalServer> {
  const folder = await mkdtemp(join(tmpdir(), "watertight-up-"));
  // the server runs as another user, who must read its rules
  await chmod(folder, 0o755);
  const rules = join(folder, "pg_hba.conf");
  await writeFile(rules, "host all postgres 127.0.0.1/32 trust\n", { mode: 0o644 });
  const server = await startPostgres({
    settings: {
      hba_file: rules,
      synchronous_commit: "on",
      max_connections: "150",
      password_encryption: "scram-sha-256",
    },
    ...(signal === undefined ? {} : { signal }),
  }).catch(async (error: unknown) => {
    await rm(folder, { recursive: true, force: true });
    throw error;
  });
  const url = (role: string, password: string, database: string): string =>
    `postgres://${encodeURIComponent(role)}:${password}@127.0.0.1:${server.port}/${encodeURIComponent(database)}`;
  const stop = async (): Promise<void> => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
  const as = async <T>(connectionString: string, fn: (client: pg.Client) => Promise<T>): Promise<T> => {
    const client = new pg.Client({ connectionString });
    client.on("error", () => {});
    await client.connect();
    try {
      return await fn(client);
    } finally {
      await client.end();
    }
  };
  const newPassword = (client: pg.Client, role: string, password: string): Promise<unknown> =>
    client.query(`alter role ${pg.escapeIdentifier(role)} password ${pg.escapeLiteral(password)}`);
  try {
    const password = randomBytes(24).toString("hex");
    await as(`postgres://postgres@127.0.0.1:${server.port}/postgres`, async (client) => {
      await newPassword(client, "postgres", password);
      await writeFile(rules, "host all all 127.0.0.1/32 scram-sha-256\n", { mode: 0o644 });
      await client.query("select pg_reload_conf()");
    });
    const adminUrl = url("postgres", password, "postgres");
    const asAdmin: LocalServer["asAdmin"] = (fn, database = "postgres") => as(url("postgres", password, database), fn);
    return {
      port: server.port,
      adminUrl,
      asAdmin,
      async login(role, database) {
        const secret = randomBytes(24).toString("hex");
        await asAdmin((client) => newPassword(client, role, secret));
        return url(role, secret, database);
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
