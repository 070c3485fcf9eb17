/**
 * The report on auditing a live database: what is printed with --json, and its tables. Pure.
 */
import type { Machine, Versions } from "../environment/machine.ts";
import type { Goal } from "../hot-path/goals.ts";
import type { AuditResult } from "../live-audit/measure.ts";
import type { SchemaSize } from "../snapshot/large-schema.ts";
import { goalTable } from "./hot-path-report.ts";
import { markdownTable, type Table, terminalTable } from "./text-table.ts";

/** Everything that --json prints. */
export interface LiveAuditReport {
  readonly benchmark: "live-audit";
  readonly mode: "quick" | "full";
  readonly date: string;
  readonly machine: Machine;
  readonly versions: Versions;
  readonly size: SchemaSize;
  readonly result: AuditResult;
  readonly goals: readonly Goal[];
  readonly seconds: number;
}

function facts({ machine, versions, size, result, ...report }: LiveAuditReport): string[] {
  return [
    `${report.date}, ${report.mode} run, ${report.seconds.toFixed(0)} s, commit ${versions.commit ?? "unknown"}`,
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, ${machine.os}; load ${machine.load.start} at the start, ${machine.load.end} at the end`,
    `PostgreSQL ${versions.postgres}, Node ${versions.node}, pg ${versions.pg}; ${size.tables} tables with 3 policies each, ${size.views} views, ${size.functions} functions; ${result.findings} findings`,
    `one first round and ${result.rounds} more, each on a new connection, from the open connection to the report`,
  ];
}

function resultTable({ result }: LiveAuditReport): Table {
  return {
    heads: ["audit", "first, ms", "median, ms"],
    rightFrom: 1,
    rows: [
      ["from connection to report", String(result.firstMs), String(result.medianMs)],
      ["slowest", "", String(result.slowestMs)],
      ["CPU, main thread and server", String(result.firstCpuMs ?? "-"), String(result.medianCpuMs ?? "-")],
      ...result.parts.map(({ part, firstMs, medianMs }) => [part, String(firstMs), String(medianMs)]),
    ],
  };
}

/** For a terminal. */
export function liveAuditText(report: LiveAuditReport): string {
  return [...facts(report), "", terminalTable(resultTable(report)), "", terminalTable(goalTable(report.goals))].join(
    "\n",
  );
}

/** For bench/results. */
export function liveAuditMarkdown(report: LiveAuditReport): string {
  return [
    `# Auditing a live database of ${report.size.tables} tables, PostgreSQL ${report.versions.postgres}`,
    "",
    ...facts(report).map((fact) => `- ${fact}`),
    "",
    markdownTable(resultTable(report)),
    "",
    markdownTable(goalTable(report.goals)),
    "",
  ].join("\n");
}
