/**
 * The results as written with --json, and how they are made from slices. Pure.
 */
import type { CaseName } from "../data/cases.ts";
import type { Driver, Variant } from "../drivers/target.ts";
import type { Machine, Versions } from "../environment/machine.ts";
import { median, noise, quantile } from "../measure/quantile.ts";
import type { Slice } from "../measure/slice.ts";
import type { TransportName } from "../transport/transport.ts";
import type { Goal } from "./goals.ts";

/** One combination. */
export interface Result {
  readonly driver: Driver;
  readonly variant: Variant;
  readonly case: CaseName;
  readonly transport: TransportName;
  readonly connections: number;
  /** Median latency of a call, microseconds. */
  readonly p50Us: number;
  readonly p95Us: number;
  /** Calls per second over all connections. */
  readonly qps: number;
  /** CPU of the server's backends per call, microseconds; null where it can't be read. */
  readonly serverCpuUs: number | null;
  /** Network round trips of a call, counted by a proxy after first use (PGlite: calls of its protocol entry). */
  readonly roundTrips: number;
  /** p50Us against the unscoped variant of the same driver, case, transport and connections. */
  readonly ratio: number;
  /** qps against the same. */
  readonly qpsRatio: number;
  /** Server CPU above the unscoped variant's, microseconds per call. */
  readonly extraCpuUs: number | null;
  /** Round trips of the first call of this statement on a connection. */
  readonly firstUseRoundTrips: number;
  /** Whether statements were prepared under a name. */
  readonly named: boolean;
  /** For unnamed variants: the ratios against unscoped calls that prepare nothing either. */
  readonly unnamed: { readonly p50Us: number; readonly ratio: number; readonly qpsRatio: number } | null;
  /** Timed calls behind the medians. */
  readonly samples: number;
  /** Share of the time in which our side waited for a processor: what other work on the machine took. */
  readonly waited: number;
  /** Half the quartile distance of the slices' medians, relative, of both sides of the ratio; differences below it mean nothing. Null: too few slices to tell. */
  readonly noise: number | null;
}

/** Everything that --json prints. */
export interface Report {
  readonly benchmark: "hot-path";
  readonly mode: "quick" | "full";
  readonly date: string;
  readonly machine: Machine;
  readonly versions: Versions;
  readonly data: { readonly rows: number; readonly tenants: number };
  /** Measured time of an empty round trip over each transport, microseconds. */
  readonly roundTripUs: Partial<Record<TransportName, number>>;
  readonly results: Result[];
  readonly extras: Extra[];
  readonly goals: Goal[];
  /** Median share of waiting for a processor with one connection, raw: how much of the machine others took. */
  readonly waited: number;
  readonly seconds: number;
}

/** A question outside the matrix, answered with the same harness: pg, point, raw, one connection, named statements. */
export interface Extra {
  readonly name: string;
  readonly what: string;
  readonly p50Us: number;
  readonly serverCpuUs: number | null;
  /** Against unscoped in the same slices. */
  readonly ratio: number;
  readonly noise: number | null;
}

/** The slices of one variant and case, by round. */
export type Rounds = readonly Slice[];

/** What slices say together. */
export interface Digest {
  readonly waited: number;
  readonly p50Us: number;
  readonly p95Us: number;
  readonly qps: number;
  readonly serverCpuUs: number | null;
  readonly samples: number;
}

/**
 * The half of the slices in which our side waited least for a processor. Chosen by the waiting and not by the latency, so that it
 * favours no variant: on a machine with other work the other half measures the neighbours.
 */
export function undisturbed(rounds: Rounds): Rounds {
  if (rounds.length < 4) return rounds;
  return rounds.toSorted((a, b) => a.waited - b.waited).slice(0, Math.ceil(rounds.length / 2));
}

/** Puts slices together. */
export function digest(rounds: Rounds): Digest {
  const times = rounds.flatMap((slice) => slice.times);
  const calls = rounds.reduce((sum, slice) => sum + slice.calls, 0);
  let cpu: number | null = 0;
  for (const slice of rounds) cpu = cpu === null || slice.cpuUs === null ? null : cpu + slice.cpuUs;
  return {
    p50Us: round1(median(times)),
    p95Us: round1(quantile(times, 0.95)),
    qps: Math.round(median(rounds.map((slice) => (slice.calls / slice.elapsedUs) * 1e6))),
    serverCpuUs: cpu === null ? null : round1(cpu / calls),
    samples: times.length,
    waited: round3(median(rounds.map((slice) => slice.waited))),
  };
}

/** Noise of a ratio: how much the medians of single slices differ, on both sides of it. */
export function ratioNoise(rounds: Rounds, base: Rounds): number | null {
  if (rounds.length < 4) return null;
  const spread = (slices: Rounds): number => noise(slices.map((slice) => median(slice.times)));
  return round3(Math.hypot(spread(rounds), spread(base)));
}

/** How much others took of the machine; only one connection tells, because many wait for each other. */
export function waitedOnOthers(results: readonly Result[]): number {
  const single = results.filter((result) => result.connections === 1 && result.driver !== "pglite");
  return single.length === 0 ? 0 : round3(median(single.map((result) => result.waited)));
}

/** Three decimals. */
export function round3(value: number): number {
  return Math.round(value * 1000) / 1000;
}

/** One decimal. */
export function round1(value: number): number {
  return Math.round(value * 10) / 10;
}
