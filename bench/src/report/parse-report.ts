/**
 * The report on parsing, for people. Pure.
 */
import type { Head, Page } from "./page.ts";
import type { Table } from "./text-table.ts";

/** One size of migration: medians over processes. `firstMs` includes what the parser's start costs. */
export interface ParseResult {
  readonly lines: number;
  readonly kilobytes: number;
  readonly statements: number;
  readonly processes: number;
  readonly loadMs: number;
  readonly firstMs: number;
  /** Processor time of the main thread for the same: the wall time on a machine that is not busy. */
  readonly firstCpuMs: number;
  /** Undefined where there was no second time. */
  readonly laterMs: number | undefined;
  readonly peakMb: number;
}

/** What --json prints. */
export interface ParseReport extends Head {
  readonly results: readonly ParseResult[];
}

function resultTable({ results }: ParseReport): Table {
  return {
    heads: [
      "lines",
      "KiB",
      "statements",
      "processes",
      "load, ms",
      "first time, ms",
      "its CPU, ms",
      "again, ms",
      "peak, MB",
    ],
    rightFrom: 0,
    rows: results.map((result) => [
      String(result.lines),
      String(result.kilobytes),
      String(result.statements),
      String(result.processes),
      String(result.loadMs),
      String(result.firstMs),
      String(result.firstCpuMs),
      String(result.laterMs ?? "-"),
      String(result.peakMb),
    ]),
  };
}

/** The page. */
export function parsePage(report: ParseReport): Page {
  return {
    title: "Parsing migrations",
    facts: [`Node ${report.versions.node}; each process parses one file: statements with places and trees`],
    parts: [resultTable(report)],
  };
}
