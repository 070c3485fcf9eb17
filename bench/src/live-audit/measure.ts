/**
 * Audits a live database in fresh processes, one after the other: a command audits once, with nothing loaded and no code compiled, so the first audit of
 * a process is the figure. What later ones of the same process take is told beside it.
 */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { quantile } from "../measure/quantile.ts";

/** What one process measured; milliseconds. NaN becomes null on the way where the system does not tell. */
export interface ColdAudit {
  /** From nothing loaded to the report. */
  readonly firstMs: number;
  /** Of it, until everything is loaded that stands before the connection. */
  readonly loadedMs: number;
  /** Of it, what our main thread stood ready and waited for a processor that another had. */
  readonly waitedMs: number | null;
  /** CPU time of the main thread, and of the server's process. They work at the same time for a part. */
  readonly mainMs: number | null;
  readonly serverMs: number | null;
  /** CPU time of the whole process: the main thread, the compiler's and the garbage collector's. */
  readonly processMs: number;
  readonly parts: Readonly<Record<string, number>>;
  readonly findings: number;
  readonly laterMs: readonly number[];
  readonly laterCpuMs: readonly (number | null)[];
  readonly laterParts: readonly Readonly<Record<string, number>>[];
}

/** What auditing took: medians over processes. */
export interface AuditResult {
  readonly processes: number;
  readonly firstMs: number;
  /** The same without the waits of our main thread for a processor: what neighbours on a busy machine take. */
  readonly firstUndisturbedMs: number | null;
  readonly slowestMs: number;
  readonly loadedMs: number;
  readonly firstMainCpuMs: number | null;
  readonly firstServerCpuMs: number | null;
  readonly firstProcessCpuMs: number;
  /** Later audits of the same processes, from connecting to the report. */
  readonly laterMs: number;
  readonly laterCpuMs: number | null;
  /** The whole command: also what it prints and writes. */
  readonly commandMs: number;
  readonly findings: number;
  /** Medians of the parts. */
  readonly parts: readonly { readonly part: string; readonly firstMs: number; readonly laterMs: number }[];
}

const script = fileURLToPath(new URL("audit-process.js", import.meta.url));

/** The median, rounded. @throws where there is nothing */
const median = (numbers: readonly number[]): number => Math.round(quantile(numbers, 0.5));

function medianOf(numbers: readonly (number | null)[]): number | null {
  const known = numbers.filter((each) => each !== null);
  return known.length < numbers.length ? null : median(known);
}

/** Measures in so many processes, with so many later audits in each. */
export function measureAudit(url: string, processes: number, later: number): AuditResult {
  const ask = <T>(what: string): T =>
    JSON.parse(
      execFileSync(process.execPath, [script, what], { encoding: "utf8", env: { ...process.env, DATABASE_URL: url } }),
    ) as T;
  const runs = Array.from({ length: processes }, () => ask<ColdAudit>(String(later)));
  const commands = Array.from({ length: processes }, () => ask<{ readonly wallMs: number }>("command"));
  const [one] = runs;
  return {
    processes,
    firstMs: median(runs.map(({ firstMs }) => firstMs)),
    firstUndisturbedMs: medianOf(runs.map(({ firstMs, waitedMs }) => (waitedMs === null ? null : firstMs - waitedMs))),
    slowestMs: Math.round(Math.max(...runs.map(({ firstMs }) => firstMs))),
    loadedMs: median(runs.map(({ loadedMs }) => loadedMs)),
    firstMainCpuMs: medianOf(runs.map(({ mainMs }) => mainMs)),
    firstServerCpuMs: medianOf(runs.map(({ serverMs }) => serverMs)),
    firstProcessCpuMs: median(runs.map(({ processMs }) => processMs)),
    laterMs: median(runs.flatMap(({ laterMs }) => laterMs)),
    laterCpuMs: medianOf(runs.flatMap(({ laterCpuMs }) => laterCpuMs)),
    commandMs: median(commands.map(({ wallMs }) => wallMs)),
    findings: one?.findings ?? 0,
    parts: Object.keys(one?.parts ?? {}).map((part) => ({
      part,
      firstMs: median(runs.map(({ parts }) => parts[part] ?? 0)),
      laterMs: median(runs.flatMap(({ laterParts }) => laterParts.map((parts) => parts[part] ?? 0))),
    })),
  };
}
