/**
 * The row-security report: its tables and figures. Pure.
 */
import { caseNames } from "../data/cases.ts";
import type { Goal } from "../hot-path/goals.ts";
import type { RlsResult } from "../rls/measure.ts";
import type { Head, Page } from "./page.ts";
import type { Table } from "./text-table.ts";

/** What --json prints. */
export interface RlsReport extends Head {
  readonly data: { readonly rows: number; readonly tenants: number };
  readonly results: readonly RlsResult[];
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

const legend =
  "Server CPU of one execution of a named statement inside a transaction (pipelined, so that the backend does not sleep in between); the lowest tenth of the rounds, because CPU time errs upwards only. ratio: against the " +
  "explicit WHERE without row security on the same tables: none, none-plain, none-sealed.";

/** The page. */
export function rlsPage({ versions, data, results }: RlsReport): Page {
  return {
    title: `Row security by policy shape, PostgreSQL ${versions.postgres}`,
    facts: [
      `PostgreSQL ${versions.postgres}, Node ${versions.node}, pg ${versions.pg}; ${data.rows.toLocaleString("en")} rows, ${data.tenants} tenants`,
    ],
    parts: [shapeTable(results), legend],
  };
}
