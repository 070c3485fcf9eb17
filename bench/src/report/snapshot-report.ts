/**
 * The report on reading a catalog: what is printed with --json, and its tables. Pure.
 */
import type { Machine, Versions } from "../environment/machine.ts";
import type { Goal } from "../hot-path/goals.ts";
import type { SchemaSize } from "../snapshot/large-schema.ts";
import type { ReadingResult } from "../snapshot/measure.ts";
import { goalTable } from "./hot-path-report.ts";
import { markdownTable, type Table, terminalTable } from "./text-table.ts";

/** Everything that --json prints. */
export interface SnapshotReport {
  readonly benchmark: "snapshot";
  readonly mode: "quick" | "full";
  readonly date: string;
  readonly machine: Machine;
  readonly versions: Versions;
  readonly size: SchemaSize;
  readonly result: ReadingResult;
  readonly goals: readonly Goal[];
  readonly seconds: number;
}

function facts({ machine, versions, size, result, ...report }: SnapshotReport): string[] {
  return [
    `${report.date}, ${report.mode} run, ${report.seconds.toFixed(0)} s, commit ${versions.commit ?? "unknown"}`,
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, ${machine.os}; load ${machine.load.start} at the start, ${machine.load.end} at the end`,
    `PostgreSQL ${versions.postgres}, Node ${versions.node}, pg ${versions.pg}; ${size.tables} tables of 12 columns with 3 policies, 3 foreign keys and checks, 4 indexes and a trigger each, ${size.views} views, ${size.functions} functions`,
    `${result.rounds} rounds, each on a new connection; ${result.queries} queries, ${result.megabytes} MB as JSON`,
  ];
}

function resultTable({ result }: SnapshotReport): Table {
  return {
    heads: ["reading", "ms"],
    rightFrom: 1,
    rows: [
      ["median", String(result.medianMs)],
      ["slowest", String(result.slowestMs)],
      ["server CPU, median", String(result.serverCpuMs ?? "-")],
      ["own CPU, median", String(result.ownCpuMs)],
      ...result.slowest.map(({ reads, medianMs }) => [`query on ${reads}`, String(medianMs)]),
    ],
  };
}

/** For a terminal. */
export function snapshotText(report: SnapshotReport): string {
  return [...facts(report), "", terminalTable(resultTable(report)), "", terminalTable(goalTable(report.goals))].join(
    "\n",
  );
}

/** For bench/results. */
export function snapshotMarkdown(report: SnapshotReport): string {
  return [
    `# Reading a catalog of ${report.size.tables} tables, PostgreSQL ${report.versions.postgres}`,
    "",
    ...facts(report).map((fact) => `- ${fact}`),
    "",
    markdownTable(resultTable(report)),
    "",
    markdownTable(goalTable(report.goals)),
    "",
  ].join("\n");
}
