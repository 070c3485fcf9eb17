/**
 * Memory of a process and of everything below it, looked at again and again; pages that several processes share count once (PSS). Linux only.
 */
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** The most that was seen at once, in MB. */
export interface TreePeak {
  readonly processesMb: number;
  /** What the server's files held, which lie in memory where the system has a memory file system. */
  readonly dataMb: number;
}

const EVERY_MS = 100;
/** Files are counted in one look of so many. */
const FILES_EVERY = 10;

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** Ids of the process and all below. */
function tree(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = read(`/proc/${name}/stat`);
    // the name of the program may hold brackets and spaces
    const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const all = [root];
  for (const pid of all) all.push(...(children.get(pid) ?? []));
  return all;
}

const pssKb = (pid: number): number => Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0);

function folderBytes(folder: string): number {
  let sum = 0;
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      sum += entry.isDirectory() ? folderBytes(path) : lstatSync(path).blocks * 512;
    }
  } catch {
    // it vanished meanwhile
  }
  return sum;
}

/** The data folder of a server in the tree. */
function dataFolder(pids: readonly number[]): string | undefined {
  for (const pid of pids) {
    const words = read(`/proc/${pid}/cmdline`).split("\0");
    const at = words.indexOf("-D");
    if (at > 0) return words[at + 1];
  }
  return undefined;
}

/** Looks until `ended` settles; null where the system does not tell. */
export async function watchTree(root: number, ended: Promise<unknown>): Promise<TreePeak | null> {
  if (process.platform !== "linux") return null;
  let [processes, data] = [0, 0];
  let running = true;
  const end = ended.then(
    () => (running = false),
    () => (running = false),
  );
  for (let look = 0; running; look += 1) {
    const pids = tree(root);
    processes = Math.max(
      processes,
      pids.reduce((sum, pid) => sum + pssKb(pid), 0),
    );
    const folder = look % FILES_EVERY === 0 ? dataFolder(pids) : undefined;
    if (folder !== undefined) data = Math.max(data, folderBytes(folder));
    await Promise.race([sleep(EVERY_MS), end]);
  }
  return { processesMb: Math.round(processes / 1024), dataMb: Math.round(data / 2 ** 20) };
}
