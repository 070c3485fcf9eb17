/**
 * A server of a fixed minor: Debian's PostgreSQL 15, where it is installed and new enough (.ci/run installs it). Throwaway: its data lives in a
 * temporary folder that `stop` removes. Must never use a cluster of the machine.
 */
import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "@watertight/testkit";

const bin = "/usr/lib/postgresql/15/bin";

export interface FixedServer {
  readonly url: string;
  stop(): void;
}

/** The reason why there is none, or undefined. */
export function missing(minor: number): string | undefined {
  if (!existsSync(`${bin}/postgres`)) return `${bin} is not installed`;
  const found = Number(/15\.(\d+)/.exec(execFileSync(`${bin}/postgres`, ["--version"], { encoding: "utf8" }))?.[1]);
  return found >= minor ? undefined : `${bin} is 15.${found}, fixed is 15.${minor}`;
}

export async function startFixed(): Promise<FixedServer> {
  const folder = mkdtempSync(join(tmpdir(), "watertight-fixed-"));
  // initdb refuses root.
  const identity = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
  if (identity.uid !== undefined) chownSync(folder, identity.uid, identity.gid);
  chmodSync(folder, 0o700);
  const port = await freePort();
  const run = (program: string, ...args: string[]): unknown =>
    execFileSync(join(bin, program), args, { ...identity, cwd: folder, stdio: "ignore", timeout: 60_000 });
  run("initdb", "-D", join(folder, "data"), "--no-sync", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C");
  const options = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off`;
  run("pg_ctl", "-D", join(folder, "data"), "-l", join(folder, "log"), "-o", options, "-w", "start");
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    stop() {
      run("pg_ctl", "-D", join(folder, "data"), "-m", "immediate", "stop");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
