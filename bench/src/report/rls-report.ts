/**
 * The row-security report: what is printed with --json, and its tables. Pure.
 */
import { caseNames } from "../data/cases.ts";
import type { Machine, Versions } from "../environment/machine.ts";
import type { Goal } from "../hot-path/goals.ts";
import type { RlsResult } from "../rls/measure.ts";
import { goalTable } from "./hot-path-report.ts";
import { markdownTable, type Table, terminalTable } from "./text-table.ts";

/** Everything that --json prints. */
export interface RlsReport {
  readonly benchmark: "rls";
  readonly mode: "quick" | "full";
  readonly date: string;
  readonly machine: Machine;
  readonly versions: Versions;
  readonly data: { readonly rows: number; readonly tenants: number };
  readonly results: readonly RlsResult[];
  readonly goals: readonly Goal[];
  readonly seconds: number;
}

/** DESIGN.md section 9: row security over an explicit WHERE, for the kit's plain policy. */
export function judgeRls(results: readonly RlsResult[]): Goal[] {
  return results
    .filter((result) => result.shape === "kit-plain" && result.case !== "insert")
    .map((result) => ({
      name: `row security, plain, ${result.case}, server CPU`,
      goal: "<= 1.10",
      measured: result.ratio,
      met: result.ratio <= 1.1,
    }));
}

/** One row for each shape. */
export function shapeTable(results: readonly RlsResult[]): Table {
  const shapes = [...new Set(results.map((result) => result.shape))];
  return {
    heads: ["shape", "policy", ...caseNames.flatMap((name) => [`${name} us`, "ratio"])],
    rightFrom: 2,
    rows: shapes.map((shape) => {
      const own = results.filter((result) => result.shape === shape);
      const cells = caseNames.flatMap((name) => {
        const result = own.find((one) => one.case === name);
        return result === undefined
          ? ["-", "-"]
          : [result.serverCpuUs.toFixed(1), `${result.ratio.toFixed(2)} ±${(result.noise * 100).toFixed(0)} %`];
      });
      return [shape, own[0]!.what, ...cells];
    }),
  };
}

function facts({ machine, versions, ...report }: RlsReport): string[] {
  return [
    `${report.date}, ${report.mode} run, ${report.seconds.toFixed(0)} s, commit ${versions.commit ?? "unknown"}`,
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, ${machine.os}; load ${machine.load.start} at the start, ${machine.load.end} at the end`,
    `PostgreSQL ${versions.postgres}, Node ${versions.node}, pg ${versions.pg}; ${report.data.rows.toLocaleString("en")} rows, ${report.data.tenants} tenants`,
  ];
}

const legend =
  "Server CPU of one execution of a named statement inside a transaction (pipelined, so that the backend does not sleep in between); the lowest tenth of the rounds, because CPU time errs upwards only. ratio: against the " +
  "explicit WHERE without row security on the same tables: none, none-plain, none-sealed.";

/** For a terminal. */
export function rlsText(report: RlsReport): string {
  return [
    ...facts(report),
    "",
    terminalTable(shapeTable(report.results)),
    legend,
    "",
    terminalTable(goalTable(report.goals)),
  ].join("\n");
}

/** For bench/results. */
export function rlsMarkdown(report: RlsReport): string {
  return [
    `# Row security by policy shape, PostgreSQL ${report.versions.postgres}`,
    "",
    ...facts(report).map((fact) => `- ${fact}`),
    "",
    legend,
    "",
    markdownTable(shapeTable(report.results)),
    "",
    markdownTable(goalTable(report.goals)),
    "",
  ].join("\n");
}
