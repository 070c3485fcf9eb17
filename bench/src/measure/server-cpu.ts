/**
 * CPU time of backend processes, from /proc. Only on Linux and only for a server on this machine; elsewhere null, never a guess.
 */
import { readFileSync } from "node:fs";

/** Reads the CPU time of all `pids` together, in microseconds; null where it can't be read. */
export type CpuReader = (pids: readonly number[]) => number | null;

/** The best reader for these backends, found by trying: nanoseconds of the scheduler, or clock ticks of 10 ms. */
export function cpuReader(pids: readonly number[]): CpuReader {
  for (const reader of [schedstat, stat]) {
    const value = reader(pids);
    if (value !== null && value > 0) return reader;
  }
  return () => null;
}

const schedstat: CpuReader = (pids) =>
  sum(pids, (pid) => Number(readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ", 1)[0]) / 1000);

// Fields 14 and 15 (utime, stime) counted behind the command name, which may hold spaces. USER_HZ is 100 on every Linux in use.
const stat: CpuReader = (pids) =>
  sum(pids, (pid) => {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) * 10_000;
  });

function sum(pids: readonly number[], read: (pid: number) => number): number | null {
  let total = 0;
  try {
    for (const pid of pids) {
      const value = read(pid);
      if (!Number.isFinite(value)) return null;
      total += value;
    }
  } catch {
    return null;
  }
  return pids.length === 0 ? null : total;
}

/** Whether /proc/<pid> is a postgres backend of this machine: behind DATABASE_URL the same number may be somebody else. */
export function isLocalBackend(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").startsWith("postgres");
  } catch {
    return false;
  }
}

/**
 * Microseconds that these processes and our own main thread stood ready and waited for a processor: what the neighbours on this
 * machine took. Null where the kernel does not tell.
 */
export function waitedUs(pids: readonly number[]): number | null {
  const own = waitOf("self");
  if (own === null) return null;
  let total = own;
  for (const pid of pids) total += waitOf(pid) ?? 0;
  return total;
}

function waitOf(pid: number | "self"): number | null {
  try {
    const value = Number(readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ")[1]) / 1000;
    return Number.isFinite(value) ? value : null;
  } catch {
    return null;
  }
}
