// Starts a throwaway PostgreSQL from npm's binaries: initdb, postgres, ready to connect in about a second. Nothing is left behind
// after stop(), exit, a crash or kill -9: the guard process owns the server and its folder. Must never use a port other than on
// loopback: authentication is `trust`.
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { findBinaries, type EmbeddedVersion } from "./binaries.ts";
import { TestServerError } from "./errors.ts";
import { freePort } from "./free-port.ts";
import { startGuard, type Guard } from "./guard-process.ts";
import { readableBinaries, serverIdentity } from "./readable-binaries.ts";
import { makeFolders } from "./server-folders.ts";
import { serverFrom, type TestServer } from "./test-server.ts";

/** Options of {@link startServer}. */
export interface StartServerOptions {
  /** Major version; default 18. */
  version?: EmbeddedVersion;
  /** postgresql.conf settings; they win over the test defaults (fsync and synchronous_commit off). */
  settings?: Record<string, string>;
  /** Name of the bootstrap superuser; default `postgres`. */
  superuser?: string;
  /** `memory` (default): data on a memory file system where there is a roomy one; `disk`: never. */
  storage?: "memory" | "disk";
}

const DEFAULTS: Record<string, string> = {
  fsync: "off",
  synchronous_commit: "off",
  full_page_writes: "off",
  autovacuum: "on",
  max_connections: "200",
  shared_buffers: "64MB",
  max_wal_size: "512MB",
  log_destination: "stderr",
  timezone: "UTC",
};

/**
 * Starts an embedded server on a free port of 127.0.0.1.
 * @throws TestServerError `WT_TEST_NO_BINARIES` | `WT_TEST_INITDB_FAILED` | `WT_TEST_SERVER_FAILED`
 * @example
 * const server = await startServer({ version: 18 });
 * try { await use(server.url()); } finally { await server.stop(); }
 */
export async function startServer(options: StartServerOptions = {}): Promise<TestServer> {
  const version = options.version ?? 18;
  const superuser = options.superuser ?? "postgres";
  const binaries = findBinaries(version);
  const identity = serverIdentity();
  const { folder, dataFolder } = await makeFolders(identity, options.storage ?? "memory");
  const folders = [...new Set([folder, dataFolder])];
  const log = join(folder, "postgres.log");
  const guard = startGuard(folders, log, identity);
  try {
    const native = await readableBinaries(binaries, folder, identity);
    const data = join(dataFolder, "data");
    await initialise(guard, native, data, superuser);
    const settings = { ...DEFAULTS, ...options.settings };
    const port = await serve(guard, native, data, log, superuser, settings);
    return serverFrom(
      {
        version,
        host: "127.0.0.1",
        port,
        superuser,
        logPath: log,
        embedded: true,
        password: "",
        query: "",
      },
      () => guard.close(),
    );
  } catch (error) {
    await guard.close();
    for (const one of folders) await rm(one, { recursive: true, force: true });
    throw error;
  }
}

async function initialise(guard: Guard, native: string, data: string, superuser: string): Promise<void> {
  const { code, output } = await guard.run(join(native, "bin", "initdb"), [
    `--pgdata=${data}`,
    `--username=${superuser}`,
    "--no-sync",
    "--auth=trust",
    "--encoding=UTF8",
    "--locale=C",
  ]);
  if (code !== 0) throw new TestServerError("WT_TEST_INITDB_FAILED", `initdb failed (${code}):\n${output}`);
}

async function serve(
  guard: Guard,
  native: string,
  data: string,
  log: string,
  superuser: string,
  settings: Record<string, string>,
): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const args = ["-D", data, "-p", String(port)];
    // No Unix socket: its path would have to be short, and everything here speaks TCP.
    const all = {
      listen_addresses: "127.0.0.1",
      unix_socket_directories: "",
      ...settings,
    };
    for (const [name, value] of Object.entries(all)) args.push("-c", `${name}=${value}`);
    await guard.serve(join(native, "bin", "postgres"), args);
    const ended = guard.ended().then(() => "ended" as const);
    const ready = reachable(port, superuser, ended);
    if (await ready) return port;
    const output = await readFile(log, "utf8").catch(() => "");
    if (attempt < 5 && output.includes("could not bind")) continue;
    throw new TestServerError("WT_TEST_SERVER_FAILED", `postgres did not start:\n${output.slice(-4000)}`);
  }
}

async function reachable(port: number, user: string, ended: Promise<"ended">): Promise<boolean> {
  const deadline = Date.now() + 60_000;
  ended.catch(() => {});
  while (Date.now() < deadline) {
    const client = new pg.Client({
      host: "127.0.0.1",
      port,
      user,
      database: "postgres",
      connectionTimeoutMillis: 5_000,
    });
    client.on("error", () => {});
    const up = client.connect().then(
      () => "up" as const,
      () => "down" as const,
    );
    const first = await Promise.race([up, ended]);
    if (first === "up") {
      await client.end();
      return true;
    }
    if (first === "ended") return false;
    const waited = await Promise.race([sleep(25), ended]);
    if (waited === "ended") return false;
  }
  return false;
}
