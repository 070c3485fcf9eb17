/**
 * The report on auditing a live database, for people. Pure.
 */
import type { Goal } from "../hot-path/goals.ts";
import type { AuditResult } from "../live-audit/measure.ts";
import type { SchemaSize } from "../snapshot/large-schema.ts";
import type { Head, Page } from "./page.ts";
import type { Table } from "./text-table.ts";

/** What --json prints. */
export interface LiveAuditReport extends Head {
  readonly size: SchemaSize;
  readonly result: AuditResult;
}

/** Two seconds, the first time and later. CPU is told where the system tells it: what the clock would show on a machine of one's own. */
export function judgeAudit({ firstMs, firstCpuMs, medianMs }: AuditResult): Goal[] {
  const goal = (name: string, measured: number): Goal => ({
    name,
    goal: "<= 2000 ms",
    measured,
    met: measured <= 2000,
  });
  return [
    goal("first audit of a process", firstMs),
    ...(firstCpuMs === null ? [] : [goal("the same, CPU of main thread and server", firstCpuMs)]),
    goal("audit, median", medianMs),
  ];
}

const resultTable = (result: AuditResult): Table => ({
  heads: ["audit", "first, ms", "median, ms"],
  rightFrom: 1,
  rows: [
    ["from connection to report", String(result.firstMs), String(result.medianMs)],
    ["slowest", "", String(result.slowestMs)],
    ["CPU, main thread and server", String(result.firstCpuMs ?? "-"), String(result.medianCpuMs ?? "-")],
    ...result.parts.map(({ part, firstMs, medianMs }) => [part, String(firstMs), String(medianMs)]),
  ],
});

/** The page. */
export function liveAuditPage({ versions, size, result }: LiveAuditReport): Page {
  return {
    title: `Auditing a live database of ${size.tables} tables, PostgreSQL ${versions.postgres}`,
    facts: [
      `PostgreSQL ${versions.postgres}, Node ${versions.node}, pg ${versions.pg}; ${size.tables} tables with 3 policies each, ${size.views} views, ${size.functions} functions; ${result.findings} findings`,
      `one first round and ${result.rounds} more, each on a new connection, from the open connection to the report`,
    ],
    parts: [resultTable(result)],
  };
}
