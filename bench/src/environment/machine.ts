/**
 * What a figure was measured on. A number without its machine is worth nothing, so every result carries this.
 */
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { arch, cpus, loadavg, platform, release, totalmem } from "node:os";

/** The machine and how busy it was. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly os: string;
  /** Load average of the last minute at the start and at the end; above the number of cores, latencies are inflated. */
  readonly load: { start: number; end: number };
}

/** Versions of everything that takes part. */
export interface Versions {
  readonly node: string;
  readonly postgres: string;
  readonly pglite: string;
  readonly pg: string;
  readonly "postgres-js": string;
  readonly watertight: string;
  /** Commit of this repository, with a + when files differ from it; null outside a checkout. */
  readonly commit: string | null;
}

/** Describes this machine; `end` is filled in by the caller at the end. */
export function describeMachine(): Machine {
  const all = cpus();
  const load = round(loadavg()[0]!);
  return {
    cpu: all[0]?.model.trim() || "unknown",
    cores: all.length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    os: `${platform()} ${release()} ${arch()}`,
    load: { start: load, end: load },
  };
}

/** Load average now. */
export function loadNow(): number {
  return round(loadavg()[0]!);
}

/** Versions; `postgres` as the server says it. */
export function describeVersions(postgres: string): Versions {
  return {
    node: process.versions.node,
    postgres,
    pglite: packageVersion("@electric-sql/pglite"),
    pg: packageVersion("pg"),
    "postgres-js": packageVersion("postgres"),
    watertight: packageVersion("@watertight/runtime"),
    commit: commit(),
  };
}

function packageVersion(name: string): string {
  const require = createRequire(import.meta.url);
  // Some packages do not export their package.json, so it is looked for beside the entry.
  for (const folder of require.resolve.paths(name) ?? []) {
    try {
      return (JSON.parse(readFileSync(`${folder}/${name}/package.json`, "utf8")) as { version: string }).version;
    } catch {
      // not in this node_modules
    }
  }
  return "unknown";
}

function commit(): string | null {
  const git = (...args: string[]): string =>
    execFileSync("git", args, {
      cwd: import.meta.dirname,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  try {
    const changed = git("status", "--porcelain", "--untracked-files=no", "--", "../..") !== "";
    return git("rev-parse", "--short=12", "HEAD") + (changed ? "+" : "");
  } catch {
    return null;
  }
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
