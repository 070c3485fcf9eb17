/**
 * Counts the round trips of a call through a counting proxy, on one connection: at first use of a statement and afterwards.
 * Apart from the timing, because a proxy that reads every message is not free.
 */
import { countingProxy } from "@watertight/testkit";
import { caseNames, type CaseName } from "../data/cases.ts";
import type { Driver, Variant } from "../drivers/target.ts";
import type { Environment } from "../environment/environment.ts";
import { closeLanes, type NamedLane, openLanes } from "./lanes.ts";

/** What was counted for one call. */
export interface RoundTrips {
  readonly first: number;
  readonly after: number;
}

/** Counts by variant and case. */
export type RoundTripTable = Map<Variant, Map<CaseName, RoundTrips>>;

const calls = 4;

/** Counts for all variants of a driver that speaks over a socket. */
export async function countRoundTrips(environment: Environment, driver: Driver, variants: readonly Variant[]): Promise<RoundTripTable> {
  const proxy = await countingProxy(environment.server);
  const transport = { name: "raw", through: (url: string) => proxy.url(url), close: () => proxy.stop() } as const;
  let lanes: NamedLane[] = [];
  try {
    lanes = await openLanes(environment, { driver, variants, connections: 1, transport });
    const table: RoundTripTable = new Map();
    for (const lane of lanes.filter((one) => !one.shadow)) {
      const counts = new Map<CaseName, RoundTrips>();
      // Connecting, the start-up probe and the context statement's own first use belong to no case.
      await lane.target.call("insert", lane.callers[0]!, lane.next++);
      for (const name of caseNames) counts.set(name, await countCase(lane, name, () => proxy.roundTrips));
      table.set(lane.variant, counts);
    }
    return table;
  } finally {
    await closeLanes(lanes);
    await proxy.stop();
  }
}

/** Counts first use and the calls after it, by whatever counter. */
export async function countCase(lane: NamedLane, name: CaseName, counter: () => number): Promise<RoundTrips> {
  const call = (): Promise<number> => lane.target.call(name, lane.callers[0]!, lane.next++);
  const start = counter();
  await call();
  const first = counter() - start;
  // The second use may still differ: some drivers learn from the first one.
  await call();
  const warm = counter();
  for (let i = 0; i < calls; i++) await call();
  return { first, after: (counter() - warm) / calls };
}
