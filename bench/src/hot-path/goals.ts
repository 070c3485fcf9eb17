/**
 * The figures to reach (DESIGN.md section 9), compared with what was measured. Pure.
 */
import type { Result } from "./result.ts";

/** One figure. */
export interface Goal {
  readonly name: string;
  readonly goal: string;
  readonly measured: number;
  readonly met: boolean;
}

interface Wanted {
  readonly name: string;
  readonly match: Partial<Result>;
  readonly measure: "ratio" | "qpsRatio";
  readonly limit: number;
}

const latency = (
  variant: "plain" | "sealed",
  name: "point" | "list" | "join" | "insert",
  transport: "raw" | "delay1ms",
  limit: number,
): Wanted => ({
  name: `latency, ${variant}, ${name}, ${transport}`,
  match: { driver: "pg", variant, case: name, transport, connections: 1 },
  measure: "ratio",
  limit,
});
const throughput = (variant: "plain" | "sealed", limit: number): Wanted => ({
  name: `throughput, ${variant}, point, raw, 8 connections`,
  match: { driver: "pg", variant, case: "point", transport: "raw", connections: 8 },
  measure: "qpsRatio",
  limit,
});

const wanted: readonly Wanted[] = [
  ...(["point", "list", "join", "insert"] as const).map((name) => latency("plain", name, "raw", 1.25)),
  ...(["point", "list", "join", "insert"] as const).map((name) => latency("plain", name, "delay1ms", 1.05)),
  latency("sealed", "point", "raw", 2.5),
  latency("sealed", "list", "raw", 1.4),
  ...(["point", "list", "join", "insert"] as const).map((name) => latency("sealed", name, "delay1ms", 1.1)),
  throughput("plain", 0.8),
  throughput("sealed", 0.5),
];

/** Compares; a figure whose combination was not run is left out. */
export function judgeGoals(results: readonly Result[]): Goal[] {
  const goals: Goal[] = [];
  const scoped = results.filter((result) => ["plain", "sealed", "hostile"].includes(result.variant));
  if (scoped.length > 0) {
    const most = Math.max(...scoped.map((result) => result.roundTrips));
    const least = Math.min(...scoped.map((result) => result.roundTrips));
    goals.push({
      name: "round trips of a scoped one-shot, every driver",
      goal: "exactly 1",
      measured: most === 1 ? least : most,
      met: most === 1 && least === 1,
    });
  }
  for (const { name, match, measure, limit } of wanted) {
    const found = results.find((result) =>
      Object.entries(match).every(([key, value]) => result[key as keyof Result] === value),
    );
    if (found === undefined) continue;
    const measured = found[measure];
    goals.push({
      name,
      goal: `${measure === "ratio" ? "<=" : ">="} ${limit.toFixed(2)}`,
      measured,
      met: measure === "ratio" ? measured <= limit : measured >= limit,
    });
  }
  return goals;
}
