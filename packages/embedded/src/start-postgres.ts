/**
 * Starts a throw-away PostgreSQL from npm's binaries: initdb, postgres, ready to connect in about a second. Nothing is left behind
 * after stop(), exit, a crash or kill -9: the guard process owns the server and its folders. Must never listen beyond this machine.
 */
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { type Access, chooseAccess, initdbArguments, listenSettings, writeAccessRules } from "./access.ts";
import { EMBEDDED_VERSION, findBinaries } from "./binaries.ts";
import { EmbeddedError } from "./errors.ts";
import { startGuard, type Guard } from "./guard-process.ts";
import { type PostgresServer, serverHandle } from "./postgres-server.ts";
import { readableBinaries, serverIdentity } from "./readable-binaries.ts";
import { makeFolders } from "./server-folders.ts";

/** Options of {@link startPostgres}. */
export interface StartPostgresOptions {
  /** Major version; default 18, the one whose binaries this package brings. Another one needs `binaries`. */
  readonly version?: number;
  /** Folder with bin/, lib/ and share/ to use in place of the embedded ones. */
  readonly binaries?: string;
  /** postgresql.conf settings; they win over the defaults (nothing is synced to disk: the data is thrown away). */
  readonly settings?: Readonly<Record<string, string>>;
  /** Name of the bootstrap superuser; default `postgres`. */
  readonly superuser?: string;
  /** `memory` (default): data on a memory file system where there is a roomy one; `disk`: never. */
  readonly storage?: "memory" | "disk";
  /**
   * No TCP at all: a Unix socket in a folder that only this user may enter, and a random password for the superuser. Where Node knows no
   * Unix sockets (Windows) it is loopback, with a random password that every role needs. Default: loopback, `trust`.
   */
  readonly socketOnly?: boolean;
  /** Address space of each server process in bytes, where the system can limit it (not on macOS and Windows). */
  readonly memoryLimit?: number;
  /** Fills the data folder, which does not exist yet, in place of initdb: with the copy of a primary, for a standby. The files must be the server's own. */
  readonly fill?: (data: string) => Promise<void>;
  /** Gives up while it starts: the promise is rejected, nothing is left. Of no effect on a server that runs. */
  readonly signal?: AbortSignal;
}

const DEFAULTS: Readonly<Record<string, string>> = {
  fsync: "off",
  synchronous_commit: "off",
  full_page_writes: "off",
  log_destination: "stderr",
  timezone: "UTC",
};

/**
 * Starts a server.
 * @throws EmbeddedError `WT_EMBEDDED_NO_BINARIES` | `WT_EMBEDDED_INITDB_FAILED` | `WT_EMBEDDED_SERVER_FAILED` | `WT_EMBEDDED_SOCKET_PATH`
 * @example
 * const server = await startPostgres({ socketOnly: true });
 * try { await use(new pg.Client(server.connection())); } finally { await server.stop(); }
 */
export async function startPostgres(options: StartPostgresOptions = {}): Promise<PostgresServer> {
  const version = options.version ?? EMBEDDED_VERSION;
  const superuser = options.superuser ?? "postgres";
  const binaries = findBinaries(version, options.binaries);
  const identity = serverIdentity();
  const { folder, dataFolder } = await makeFolders(identity, options.storage ?? "memory");
  const folders = [...new Set([folder, dataFolder])];
  const log = join(folder, "postgres.log");
  const guard = startGuard(folders, log, identity);
  const giveUp = (): void => void guard.close();
  try {
    options.signal?.throwIfAborted();
    options.signal?.addEventListener("abort", giveUp);
    const access = chooseAccess(folder, options.socketOnly ?? false);
    const native = await readableBinaries(binaries, folder, identity);
    const data = join(dataFolder, "data");
    if (options.fill === undefined) {
      const { code, output } = await guard.run(join(native, "bin", "initdb"), [
        `--pgdata=${data}`,
        `--username=${superuser}`,
        "--no-sync",
        "--encoding=UTF8",
        "--locale=C",
        ...(await initdbArguments(access, folder, identity)),
      ]);
      if (code !== 0) throw new EmbeddedError("WT_EMBEDDED_INITDB_FAILED", `initdb failed (${code}):\n${output}`);
      await writeAccessRules(access, data, superuser);
    } else await options.fill(data);
    const settings = { ...DEFAULTS, ...options.settings };
    const start = (port: number): Promise<number> => {
      const all = { ...listenSettings(access), ...settings };
      const args = ["-D", data, "-p", String(port)];
      for (const [name, value] of Object.entries(all)) args.push("-c", `${name}=${value}`);
      return serveWithin(guard, options.memoryLimit, join(native, "bin", "postgres"), args);
    };
    let running = await serve(guard, access, superuser, log, start);
    const { port } = running;
    return serverHandle({
      version,
      superuser,
      port,
      access,
      log,
      stop: () => guard.close(),
      async crash() {
        process.kill(running.pid, "SIGKILL");
        await running.ended;
        running = await revive(
          guard,
          { host: access.host, port, user: superuser, password: access.password },
          log,
          () => start(port),
        );
      },
    });
  } catch (error) {
    await guard.close();
    for (const one of folders) await rm(one, { recursive: true, force: true });
    options.signal?.throwIfAborted();
    throw error;
  } finally {
    options.signal?.removeEventListener("abort", giveUp);
  }
}

// `ulimit` is the shell's: Node cannot limit a child. A system that refuses (macOS) runs without; exec keeps the process id.
function serveWithin(guard: Guard, memoryLimit: number | undefined, postgres: string, args: string[]): Promise<number> {
  if (memoryLimit === undefined || process.platform === "win32") return guard.serve(postgres, args);
  const limit = `ulimit -v ${Math.ceil(memoryLimit / 1024)} 2>/dev/null || :; exec "$0" "$@"`;
  return guard.serve("/bin/sh", ["-c", limit, postgres, ...args]);
}

interface Running {
  readonly port: number;
  readonly pid: number;
  readonly ended: Promise<unknown>;
}

async function serve(
  guard: Guard,
  access: Access,
  superuser: string,
  log: string,
  start: (port: number) => Promise<number>,
): Promise<Running> {
  for (let attempt = 1; ; attempt++) {
    const port = await access.port();
    const pid = await start(port);
    const ended = guard.ended().then(() => "ended" as const);
    if (await reachable({ host: access.host, port, user: superuser, password: access.password }, ended))
      return { port, pid, ended };
    const output = await readFile(log, "utf8").catch(() => "");
    if (attempt < 5 && output.includes("could not bind")) continue;
    throw new EmbeddedError("WT_EMBEDDED_SERVER_FAILED", `postgres did not start:\n${output.slice(-4000)}`);
  }
}

// The backends of a killed server hold its shared memory until they notice; a start before that is refused, and tried again.
async function revive(
  guard: Guard,
  target: { host: string; port: number; user: string; password: string },
  log: string,
  start: () => Promise<number>,
): Promise<Running> {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline;) {
    const pid = await start();
    const ended = guard.ended().then(() => "ended" as const);
    if (await reachable(target, ended)) return { port: target.port, pid, ended };
    await sleep(50);
  }
  const output = await readFile(log, "utf8").catch(() => "");
  throw new EmbeddedError("WT_EMBEDDED_SERVER_FAILED", `postgres did not come back:\n${output.slice(-4000)}`);
}

async function reachable(
  target: { host: string; port: number; user: string; password: string },
  ended: Promise<"ended">,
): Promise<boolean> {
  const deadline = Date.now() + 60_000;
  ended.catch(() => {});
  while (Date.now() < deadline) {
    const client = new pg.Client({ ...target, database: "postgres", connectionTimeoutMillis: 5_000 });
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
    const waited = await Promise.race([sleep(15), ended]);
    if (waited === "ended") return false;
  }
  return false;
}
