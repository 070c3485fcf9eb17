/**
 * The figures to reach, as a table. Pure.
 */
import type { Goal } from "../hot-path/goals.ts";
import type { Table } from "./text-table.ts";

/** One row for each goal. */
export function goalTable(goals: readonly Goal[]): Table {
  return {
    heads: ["figure", "goal", "measured", "met"],
    rightFrom: 1,
    rows: goals.map((goal) => [goal.name, goal.goal, goal.measured.toFixed(2), goal.met ? "yes" : "NO"]),
  };
}
