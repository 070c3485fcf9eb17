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

/** Two seconds for the first audit of a process, which is the one that a command makes, and for later ones. */
export function judgeAudit({ firstMs, firstUndisturbedMs, laterMs }: AuditResult): Goal[] {
  const goal = (name: string, measured: number): Goal => ({
    name,
    goal: "<= 2000 ms",
    measured,
    met: measured <= 2000,
  });
  return [
    goal("first audit of a process, loading included", firstMs),
    ...(firstUndisturbedMs === null ? [] : [goal("the same, without waiting for a processor", firstUndisturbedMs)]),
    goal("later audits of the process", laterMs),
  ];
}

const told = (ms: number | null): string => String(ms ?? "-");

const resultTable = (result: AuditResult): Table => ({
  heads: ["audit", "first of a process, ms", "later, ms"],
  rightFrom: 1,
  rows: [
    ["to the report", String(result.firstMs), String(result.laterMs)],
    ["the same, without our main thread's waits for a processor", told(result.firstUndisturbedMs), ""],
    ["slowest process", String(result.slowestMs), ""],
    ["loaded before the connection", String(result.loadedMs), ""],
    ...result.parts.map(({ part, firstMs, laterMs }) => [part, String(firstMs), String(laterMs)]),
    ["CPU of the main thread", told(result.firstMainCpuMs), ""],
    ["CPU of the server's process", told(result.firstServerCpuMs), ""],
    ["CPU of both", told(sum(result)), told(result.laterCpuMs)],
    ["CPU of our whole process", String(result.firstProcessCpuMs), ""],
    ["the whole command, with what it prints and writes", String(result.commandMs), ""],
  ],
});

const sum = ({ firstMainCpuMs: main, firstServerCpuMs: server }: AuditResult): number | null =>
  main === null || server === null ? null : main + server;

/** The page. */
export function liveAuditPage({ versions, size, result }: LiveAuditReport): Page {
  return {
    title: `Auditing a live database of ${size.tables} tables, PostgreSQL ${versions.postgres}`,
    facts: [
      `PostgreSQL ${versions.postgres}, Node ${versions.node}, pg ${versions.pg}; ${size.tables} tables with 3 policies each, ${size.views} views, ${size.functions} functions; ${result.findings} findings`,
      `medians over ${result.processes} fresh processes; the first audit from nothing loaded (Node itself is up) to the report, later ones from connecting to the report`,
      "the rules are loaded while the server reads its catalog: snapshot is the longer of both, and the CPU of main thread and server together is more than the clock shows on a free machine",
    ],
    parts: [resultTable(result)],
  };
}
