/**
 * One `watertight check` as a user starts it: a fresh process, no database, attacks and all. Must never count time in which this process
 * measures something else: memory is watched in a run of its own.
 */
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type TreePeak, watchTree } from "./process-tree.ts";

/** The part of the report that is looked at. */
interface CheckReport {
  readonly timing: Readonly<Record<string, number>>;
  readonly server: { readonly version: string; readonly bootMs: number };
  readonly statements: { readonly read: number; readonly ran: number; readonly failed: readonly unknown[] };
  readonly findings: readonly unknown[];
  readonly matrix: readonly { readonly verdict: string }[];
  readonly attacks: { readonly attempts: number };
}

/** What a run took. */
export interface CheckRun {
  readonly wallMs: number;
  /** Of the command's own process, at its end. */
  readonly peakMb: number;
  readonly ownCpuMs: number;
  /** Of the command and all that it started; null where the system does not tell. */
  readonly treeCpuMs: number | null;
  readonly tree: TreePeak | null;
  readonly report: CheckReport;
}

const command = fileURLToPath(new URL("../../../packages/cli/bin/watertight.js", import.meta.url));
const usage = new URL("./usage-process.js", import.meta.url).href;

/** Processor time of all processes that this one started and that have ended, with those that they waited for. */
function pastCpuMs(): number | null {
  if (process.platform !== "linux") return null;
  const stat = readFileSync("/proc/self/stat", "utf8");
  const words = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  // in hundredths of a second, whatever the machine
  return (Number(words[13]) + Number(words[14])) * 10;
}

/** Runs the command in a folder; `watched` also looks at the memory of all its processes. */
export async function runCheck(folder: string, watched: boolean): Promise<CheckRun> {
  const own = await mkdtemp(join(tmpdir(), "watertight-bench-"));
  try {
    const file = join(own, "usage.json");
    const before = pastCpuMs();
    const start = performance.now();
    const child = spawn(process.execPath, ["--import", usage, command, "check", "--json", "--exit-zero"], {
      cwd: folder,
      env: { ...process.env, WATERTIGHT_BENCH_USAGE: file },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const output: Buffer[] = [];
    let errors = "";
    child.stdout.on("data", (chunk: Buffer) => void output.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
    const ended = new Promise<number | null>((resolve, reject) => {
      child.once("close", resolve);
      child.once("error", reject);
    });
    const looking = watched ? watchTree(child.pid!, ended) : Promise.resolve(null);
    const code = await ended;
    const wallMs = performance.now() - start;
    if (code !== 0) throw new Error(`check ended with ${code}: ${errors.slice(-2000)}`);
    const after = pastCpuMs();
    const used = JSON.parse(await readFile(file, "utf8")) as { peakKb: number; cpuUs: number };
    return {
      wallMs: Math.round(wallMs),
      peakMb: Math.round(used.peakKb / 1024),
      ownCpuMs: Math.round(used.cpuUs / 1000),
      treeCpuMs: before === null || after === null ? null : after - before,
      tree: await looking,
      report: JSON.parse(Buffer.concat(output).toString("utf8")) as CheckReport,
    };
  } finally {
    await rm(own, { recursive: true, force: true });
  }
}
