/**
 * The report on `watertight check`: its tables and figures. Pure.
 */
import type { CheckResult } from "../check/measure.ts";
import type { Goal } from "../hot-path/goals.ts";
import type { Head, Page } from "./page.ts";
import type { Table } from "./text-table.ts";

/** What --json prints. */
export interface CheckBenchReport extends Head {
  readonly results: readonly CheckResult[];
}

const seconds = (ms: number): number => Math.round(ms / 100) / 10;

/** The figures of the issue, for the sizes that were measured; a cell without a verdict for want of time would make the time worthless. */
export function judgeCheck(results: readonly CheckResult[]): Goal[] {
  const limits: Readonly<Record<number, number>> = { 50: 8, 200: 30 };
  return results.flatMap(({ tables, wallMs, peakMb }): Goal[] => [
    ...(limits[tables] === undefined
      ? []
      : [
          {
            name: `${tables} tables, cold, with attacks, seconds`,
            goal: `<= ${limits[tables]}`,
            measured: seconds(wallMs),
            met: wallMs <= limits[tables] * 1000,
          },
        ]),
    { name: `${tables} tables, peak memory of the command, MB`, goal: "<= 500", measured: peakMb, met: peakMb <= 500 },
  ]);
}

/** One row for each size. */
export function checkTable(results: readonly CheckResult[]): Table {
  return {
    heads:
      "tables|files|lines|statements|attacks|median, s|slowest, s|CPU of all, s|memory, MB|with the server, MB|server's files, MB|files alone, s|replay against these".split(
        "|",
      ),
    rightFrom: 0,
    rows: results.map((each) => [
      String(each.tables),
      String(each.files),
      each.lines.toLocaleString("en"),
      each.statements.toLocaleString("en"),
      each.attempts.toLocaleString("en"),
      seconds(each.wallMs).toFixed(1),
      seconds(each.slowestMs).toFixed(1),
      each.treeCpuMs === null ? "?" : seconds(each.treeCpuMs).toFixed(1),
      String(each.peakMb),
      String(each.tree?.processesMb ?? "?"),
      String(each.tree?.dataMb ?? "?"),
      (each.plainMs / 1000).toFixed(1),
      `${each.replayRatio.toFixed(1)} x`,
    ]),
  };
}

/** Where the time goes: a row for each size, a column for each part. */
export function phaseTable(results: readonly CheckResult[]): Table {
  const names = [...new Set(results.flatMap(({ phases }) => Object.keys(phases)))].filter((name) => name !== "total");
  return {
    heads: ["tables", "start and end, s", ...names.map((name) => `${name}, s`)],
    rightFrom: 0,
    rows: results.map(({ tables, wallMs, phases }) => [
      String(tables),
      ((wallMs - (phases["total"] ?? 0)) / 1000).toFixed(2),
      ...names.map((name) => ((phases[name] ?? 0) / 1000).toFixed(2)),
    ]),
  };
}

const legend =
  "files alone: the same files sent to the same kind of server, one query each, without its boot; the ratio is the replay of the check over that. CPU of all: the command, the server and their helpers. memory: the command's own process.";

/** The page. */
export function checkPage({ versions, results }: CheckBenchReport): Page {
  return {
    title: `watertight check by the number of tables, PostgreSQL ${versions.postgres}`,
    facts: [
      `PostgreSQL ${versions.postgres}, Node ${versions.node}; ${results.map(({ runs }) => runs).join(", ")} runs, each in a fresh process, and one more for memory`,
      ...results.map(
        ({ tables, cells, findings }) =>
          `${tables} tables: ${findings} findings; cells: ${Object.entries(cells)
            .map(([verdict, count]) => `${count} ${verdict}`)
            .join(", ")}`,
      ),
    ],
    parts: [checkTable(results), legend, phaseTable(results)],
  };
}
