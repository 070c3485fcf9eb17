/**
 * The report on parsing: what is printed with --json, and its tables. Pure.
 */
import type { Machine, Versions } from "../environment/machine.ts";
import type { Goal } from "../hot-path/goals.ts";
import { goalTable } from "./hot-path-report.ts";
import { markdownTable, type Table, terminalTable } from "./text-table.ts";

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

/** Everything that --json prints. */
export interface ParseReport {
  readonly benchmark: "parse";
  readonly mode: "quick" | "full";
  readonly date: string;
  readonly machine: Machine;
  readonly versions: Versions;
  readonly results: readonly ParseResult[];
  readonly goals: readonly Goal[];
  readonly seconds: number;
}

function facts({ machine, versions, ...report }: ParseReport): string[] {
  return [
    `${report.date}, ${report.mode} run, ${report.seconds.toFixed(0)} s, commit ${versions.commit ?? "unknown"}`,
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, ${machine.os}; load ${machine.load.start} at the start, ${machine.load.end} at the end`,
    `Node ${versions.node}; each process parses one file: statements with places and trees`,
  ];
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

/** For a terminal. */
export function parseText(report: ParseReport): string {
  return [...facts(report), "", terminalTable(resultTable(report)), "", terminalTable(goalTable(report.goals))].join(
    "\n",
  );
}

/** For bench/results. */
export function parseMarkdown(report: ParseReport): string {
  return [
    "# Parsing migrations",
    "",
    ...facts(report).map((fact) => `- ${fact}`),
    "",
    markdownTable(resultTable(report)),
    "",
    markdownTable(goalTable(report.goals)),
    "",
  ].join("\n");
}
