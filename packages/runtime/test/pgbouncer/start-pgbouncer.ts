/**
 * A PgBouncer of our own in front of a test server, on a free port of loopback. Must never outlive this process: a
 * shell around it ends it when its input closes, which happens on kill -9 as well.
 */
import { execFileSync, spawn } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort, type TestDatabase } from "@watertight/testkit";
import pg from "pg";

export type PoolMode = "session" | "transaction" | "statement";

export interface Pgbouncer {
  /** URL of the database's app role through the bouncer. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Where the program is, or why there is none. */
export function findPgbouncer(): { path: string } | { missing: string; aptExists: boolean } {
  const places = [...(process.env["PATH"] ?? "").split(":"), "/usr/sbin", "/usr/local/sbin"].filter(
    (place) => place !== "",
  );
  const path = places.map((place) => join(place, "pgbouncer")).find((candidate) => existsSync(candidate));
  if (path !== undefined) return { path };
  const aptExists = existsSync("/usr/bin/apt-get");
  return {
    missing: `no pgbouncer on PATH or in /usr/sbin${aptExists ? "; install it with: apt-get install pgbouncer" : ""}`,
    aptExists,
  };
}

/** [major, minor] */
export function pgbouncerVersion(path: string): readonly [number, number] {
  const match = /PgBouncer (\d+)\.(\d+)/.exec(execFileSync(path, ["--version"], { encoding: "utf8" }));
  return [Number(match?.[1]), Number(match?.[2])];
}

/** Starts a bouncer with `poolSize` connections to the server. */
export async function startPgbouncer(
  path: string,
  db: TestDatabase,
  mode: PoolMode,
  poolSize: number,
): Promise<Pgbouncer> {
  const port = await freePort();
  const target = new URL(db.appUrl);
  const user = decodeURIComponent(target.username);
  const password = decodeURIComponent(target.password);
  const folder = mkdtempSync("/tmp/watertight-pgbouncer-");
  const identity = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
  if (identity.uid !== undefined) chownSync(folder, identity.uid, identity.gid);
  const config = join(folder, "pgbouncer.ini");
  const log = join(folder, "pgbouncer.log");
  const [major, minor] = pgbouncerVersion(path);
  writeFileSync(join(folder, "users.txt"), `"${user}" "${password}"\n`);
  writeFileSync(
    config,
    [
      "[databases]",
      `${db.name} = host=${target.hostname} port=${target.port} dbname=${db.name}`,
      "[pgbouncer]",
      "listen_addr = 127.0.0.1",
      `listen_port = ${port}`,
      "unix_socket_dir =",
      "auth_type = trust",
      `auth_file = ${join(folder, "users.txt")}`,
      `logfile = ${log}`,
      `pool_mode = ${mode}`,
      `default_pool_size = ${poolSize}`,
      "max_client_conn = 200",
      // What 1.18 can't do must not be done behind our backs by a newer one.
      ...(major > 1 || minor >= 21 ? ["max_prepared_statements = 0"] : []),
    ].join("\n"),
  );
  const child = spawn("/bin/sh", ["-c", '"$0" -q "$1" & p=$!; cat >/dev/null; kill $p; wait $p', path, config], {
    ...identity,
    stdio: ["pipe", "ignore", "ignore"],
    cwd: folder,
  });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const url = `postgres://${encodeURIComponent(user)}@127.0.0.1:${port}/${db.name}`;
  const stop = async (): Promise<void> => {
    child.stdin?.end();
    await Promise.race([exited, sleep(5000)]);
    rmSync(folder, { recursive: true, force: true });
  };
  if (await answers(url)) return { url, stop };
  const said = existsSync(log) ? readFileSync(log, "utf8") : "no log";
  await stop();
  throw new Error(`pgbouncer did not answer:\n${said}`);
}

async function answers(url: string): Promise<boolean> {
  for (let i = 0; i < 100; i++) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 3000 });
    client.on("error", () => {});
    const up = await client.connect().then(
      () => true,
      () => false,
    );
    await client.end().catch(() => undefined);
    if (up) return true;
    await sleep(50);
  }
  return false;
}
