/**
 * npm run bench:parse: how long migrations of 5,000 and 75,000 lines take to parse, each in fresh processes, and the memory that they need.
 */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseOptions } from "./options.ts";
import { parsePage, type ParseResult } from "./report/parse-report.ts";
import { beginRun } from "./report/run.ts";

const options = parseOptions(process.argv.slice(2));
const run = beginRun(options);
const script = fileURLToPath(new URL("parse/parse-process.js", import.meta.url));

const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? 0;

function measure(lines: number, processes: number, rounds: number): ParseResult {
  const runs = Array.from({ length: processes }, () => {
    const output = execFileSync(process.execPath, [script, String(lines), String(rounds)], { encoding: "utf8" });
    return JSON.parse(output) as Omit<ParseResult, "processes" | "laterMs"> & { laterMs: number[] };
  });
  run.say(`${lines} lines parsed in ${processes} processes`);
  const later = runs.flatMap(({ laterMs }) => laterMs);
  return {
    lines: runs[0]?.lines ?? 0,
    kilobytes: runs[0]?.kilobytes ?? 0,
    statements: runs[0]?.statements ?? 0,
    processes,
    loadMs: median(runs.map(({ loadMs }) => loadMs)),
    firstMs: median(runs.map(({ firstMs }) => firstMs)),
    firstCpuMs: median(runs.map(({ firstCpuMs }) => firstCpuMs)),
    laterMs: later.length === 0 ? undefined : median(later),
    peakMb: Math.max(...runs.map(({ peakMb }) => peakMb)),
  };
}

const small = measure(5000, options.quick ? 3 : 11, 4);
const large = measure(75_000, options.quick ? 1 : 5, 1);
const goal = (name: string, limit: number, unit: string, measured: number) => ({
  name,
  goal: `<= ${limit} ${unit}`,
  measured,
  met: measured <= limit,
});
const goals = [
  goal("5,000 lines, first time", 300, "ms", small.firstMs),
  goal("the same, main thread's CPU", 300, "ms", small.firstCpuMs),
  goal("75,000 lines, first time", 4000, "ms", large.firstMs),
  goal("the same, main thread's CPU", 4000, "ms", large.firstCpuMs),
  goal("75,000 lines, peak memory", 500, "MB", large.peakMb),
];
run.end("parse", { postgres: "none", goals, body: { results: [small, large] } }, parsePage);
