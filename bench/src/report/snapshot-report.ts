/**
 * The report on reading a catalog, for people. Pure.
 */
import type { SchemaSize } from "../snapshot/large-schema.ts";
import type { ReadingResult } from "../snapshot/measure.ts";
import type { Head, Page } from "./page.ts";
import type { Table } from "./text-table.ts";

/** What --json prints. */
export interface SnapshotReport extends Head {
  readonly size: SchemaSize;
  readonly result: ReadingResult;
}

const resultTable = (result: ReadingResult): Table => ({
  heads: ["reading", "ms"],
  rightFrom: 1,
  rows: [
    ["median", String(result.medianMs)],
    ["slowest", String(result.slowestMs)],
    ["server CPU, median", String(result.serverCpuMs ?? "-")],
    ["own CPU, median", String(result.ownCpuMs)],
    ...result.slowest.map(({ reads, medianMs }) => [`query on ${reads}`, String(medianMs)]),
  ],
});

/** The page. */
export function snapshotPage({ versions, size, result }: SnapshotReport): Page {
  return {
    title: `Reading a catalog of ${size.tables} tables, PostgreSQL ${versions.postgres}`,
    facts: [
      `PostgreSQL ${versions.postgres}, Node ${versions.node}, pg ${versions.pg}; ${size.tables} tables of 12 columns with 3 policies, 3 foreign keys and checks, 4 indexes and a trigger each, ${size.views} views, ${size.functions} functions`,
      `${result.rounds} rounds, each on a new connection; ${result.queries} queries, ${result.megabytes} MB as JSON`,
    ],
    parts: [resultTable(result)],
  };
}
