/**
 * Measures one group: for each case, slices of all its lanes in turns.
 */
import type pg from "pg";
import type { CaseName } from "../data/cases.ts";
import type { Environment } from "../environment/environment.ts";
import { runSlice, type Slice } from "../measure/slice.ts";
import type { Transport } from "../transport/transport.ts";
import type { RoundTripTable } from "./count-round-trips.ts";
import { closeLanes, type NamedLane, openLanes, warmLanes } from "./lanes.ts";
import type { Group } from "./plan.ts";
import { type Digest, digest, ratioNoise, type Rounds, type Result, round1, round3, undisturbed } from "./result.ts";

/** What all groups share. */
export interface Run {
  readonly environment: Environment;
  readonly watcher: pg.Client;
  readonly transports: Readonly<Record<string, Transport>>;
  /** Time to measure one variant of one case, milliseconds. */
  readonly cellMs: number;
}

/** Measures a group. */
export async function measureGroup(run: Run, group: Group, roundTrips: RoundTripTable): Promise<Result[]> {
  const { driver, variants, connections } = group;
  const lanes = await openLanes(run.environment, {
    driver,
    variants,
    connections,
    transport: run.transports[group.transport]!,
  });
  try {
    const results: Result[] = [];
    for (const name of group.cases) {
      await warmLanes(lanes, name, run.watcher);
      const slices = (await takeTurns(lanes, name, run.cellMs, group)).map(undisturbed);
      results.push(...toResults(group, name, lanes, slices, roundTrips));
    }
    return results;
  } finally {
    await closeLanes(lanes);
  }
}

/** Slices of all lanes in turns, for about `cellMs` each. */
export async function takeTurns(
  lanes: readonly NamedLane[],
  name: CaseName,
  cellMs: number,
  group: Pick<Group, "transport" | "connections">,
): Promise<Slice[][]> {
  // Behind a delay one call takes 3 to 12 ms, and many connections need a moment until all of them are in flight.
  const shortest = group.transport === "delay1ms" ? 40 : group.connections > 1 ? 40 : 15;
  const rounds = Math.max(1, Math.min(60, Math.round(cellMs / shortest)));
  const slices: Slice[][] = lanes.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < lanes.length; turn++) {
      const index = (turn + round) % lanes.length;
      slices[index]!.push(await runSlice(lanes[index]!, name, cellMs / rounds));
    }
  }
  return slices;
}

function toResults(
  group: Group,
  name: CaseName,
  lanes: readonly NamedLane[],
  slices: readonly Rounds[],
  roundTrips: RoundTripTable,
): Result[] {
  const digests = slices.map(digest);
  const baseIndex = lanes.findIndex((lane) => lane.variant === "unscoped" && !lane.shadow);
  const shadowIndex = lanes.findIndex((lane) => lane.shadow);
  const base = digests[baseIndex]!;
  return lanes.flatMap((lane, i): Result[] => {
    if (lane.shadow) return [];
    const own = digests[i]!;
    const trips = roundTrips.get(lane.variant)?.get(name);
    return [
      {
        driver: group.driver,
        variant: lane.variant,
        case: name,
        transport: group.transport,
        connections: group.connections,
        p50Us: own.p50Us,
        p95Us: own.p95Us,
        qps: own.qps,
        serverCpuUs: own.serverCpuUs,
        roundTrips: trips?.after ?? Number.NaN,
        ratio: round3(own.p50Us / base.p50Us),
        qpsRatio: round3(own.qps / base.qps),
        extraCpuUs:
          own.serverCpuUs === null || base.serverCpuUs === null ? null : round1(own.serverCpuUs - base.serverCpuUs),
        firstUseRoundTrips: trips?.first ?? Number.NaN,
        named: lane.target.named,
        unnamed: lane.target.named || shadowIndex < 0 ? null : unnamedRatio(own, digests[shadowIndex]!),
        samples: own.samples,
        waited: own.waited,
        noise: ratioNoise(slices[i]!, slices[baseIndex]!),
      },
    ];
  });
}

function unnamedRatio(own: Digest, shadow: Digest): NonNullable<Result["unnamed"]> {
  return { p50Us: shadow.p50Us, ratio: round3(own.p50Us / shadow.p50Us), qpsRatio: round3(own.qps / shadow.qps) };
}
