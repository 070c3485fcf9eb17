/**
 * The report on the control plane's figures, for people. Pure.
 */
import type { Figure } from "../control/figure.ts";
import type { Goal } from "../hot-path/goals.ts";
import type { Head, Page } from "./page.ts";

/** What --json prints. */
export interface ControlReport extends Head {
  readonly results: readonly Figure[];
}

/** The figures as goals. */
export function judgeControl(results: readonly Figure[]): Goal[] {
  return results.map(({ name, target, value, ratio, ok }) => ({
    name,
    goal: target,
    measured: target.endsWith("x") ? (ratio ?? value) : value,
    met: ok,
  }));
}

/** The page. */
export function controlPage({ versions, results }: ControlReport): Page {
  return {
    title: `The control plane on PostgreSQL ${versions.postgres}`,
    facts: [
      `PostgreSQL ${versions.postgres}, Node ${versions.node}, pg ${versions.pg}; each against the bare way in the same run, medians of alternating rounds`,
      ...results.flatMap(({ name, note }) => (note === undefined ? [] : [`${name}: ${note}`])),
    ],
    parts: [
      {
        heads: ["figure", "value", "bare", "ratio", "target", ""],
        rightFrom: 1,
        rows: results.map(({ name, value, unit, baseline, ratio, target, ok }) => [
          name,
          `${value} ${unit}`,
          baseline === null ? "-" : `${baseline} ${unit}`,
          ratio === null ? "-" : String(ratio),
          target,
          ok ? "ok" : "missed",
        ]),
      },
    ],
  };
}
