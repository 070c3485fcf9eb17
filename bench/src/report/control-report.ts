/**
 * The report on the control plane's figures. Pure.
 */
import type { FigureResult } from "../control/figure.ts";
import type { Goal } from "../hot-path/goals.ts";
import type { Head, Page } from "./page.ts";
import type { Table } from "./text-table.ts";

/** What --json prints. */
export interface ControlReport extends Head {
  readonly results: readonly FigureResult[];
}

/** The figures as goals. */
export function judgeControl(results: readonly FigureResult[]): Goal[] {
  return results.map(({ name, target, value, ok }) => ({ name, goal: target, measured: value, met: ok }));
}

/** One row for each figure. */
function controlTable(results: readonly FigureResult[]): Table {
  return {
    heads: ["figure", "unit", "value", "baseline", "ratio", "target", "met"],
    rightFrom: 2,
    rows: results.map(({ name, unit, value, baseline, ratio, target, ok }) => [
      name,
      unit,
      value.toFixed(1),
      baseline.toFixed(1),
      ratio.toFixed(2),
      target,
      ok ? "yes" : "NO",
    ]),
  };
}

/** The page. */
export function controlPage({ versions, results }: ControlReport): Page {
  return {
    title: `Control plane and fleets, PostgreSQL ${versions.postgres}`,
    facts: [`PostgreSQL ${versions.postgres}, Node ${versions.node}, pg ${versions.pg}`],
    parts: [controlTable(results)],
  };
}
