/**
 * Counts the round trips of a call through a counting proxy, on one connection: at first use of a statement and afterwards.
 * Apart from the timing, because a proxy that reads every message is not free.
 */
import type { PGlite } from "@electric-sql/pglite";
import { countingProxy } from "@watertight/testkit";
import { caseNames, type CaseName } from "../data/cases.ts";
import type { Driver, Variant } from "../drivers/target.ts";
import type { Environment } from "../environment/environment.ts";
import { rawTransport } from "../transport/transport.ts";
import { closeLanes, type NamedLane, openLanes } from "./lanes.ts";

/** What was counted for one call. */
interface RoundTrips {
  readonly first: number;
  readonly after: number;
}

/** Counts by variant and case. */
export type RoundTripTable = Map<Variant, Map<CaseName, RoundTrips>>;

const calls = 4;

/** Counts for all variants of a driver. */
export async function countRoundTrips(
  environment: Environment,
  driver: Driver,
  variants: readonly Variant[],
): Promise<RoundTripTable> {
  return driver === "pglite"
    ? countProtocolCalls(environment, variants)
    : countOnTheWire(environment, driver, variants);
}

async function countOnTheWire(
  environment: Environment,
  driver: Driver,
  variants: readonly Variant[],
): Promise<RoundTripTable> {
  const proxy = await countingProxy(environment.server);
  const transport = { name: "raw", through: (url: string) => proxy.url(url), close: () => proxy.stop() } as const;
  let lanes: NamedLane[] = [];
  try {
    lanes = await openLanes(environment, { driver, variants, connections: 1, transport });
    return await countLanes(lanes, () => proxy.roundTrips);
  } finally {
    await closeLanes(lanes);
    await proxy.stop();
  }
}

// PGlite has no wire: what counts is how often its protocol is entered.
async function countProtocolCalls(environment: Environment, variants: readonly Variant[]): Promise<RoundTripTable> {
  const instances = await environment.pglite();
  const lanes = await openLanes(environment, { driver: "pglite", variants, connections: 1, transport: rawTransport });
  let count = 0;
  const restore = new Set([instances.bare, instances.plain, instances.sealed].map((db) => counted(db, () => count++)));
  try {
    return await countLanes(lanes, () => count);
  } finally {
    for (const undo of restore) undo();
  }
}

// query() goes through the streaming entry, the runtime through the other one.
function counted(db: PGlite, tick: () => void): () => void {
  const { execProtocol, execProtocolStream } = db;
  db.execProtocol = function (...args) {
    tick();
    return execProtocol.apply(this, args);
  };
  db.execProtocolStream = function (...args) {
    tick();
    return execProtocolStream.apply(this, args);
  };
  return () => void Object.assign(db, { execProtocol, execProtocolStream });
}

async function countLanes(lanes: readonly NamedLane[], counter: () => number): Promise<RoundTripTable> {
  const table: RoundTripTable = new Map();
  for (const lane of lanes.filter((one) => !one.shadow)) {
    const counts = new Map<CaseName, RoundTrips>();
    // Connecting, the start-up probe and the context statement's own first use belong to no case.
    await lane.target.call("insert", lane.callers[0]!, lane.next++);
    for (const name of caseNames) counts.set(name, await countCase(lane, name, counter));
    table.set(lane.variant, counts);
  }
  return table;
}

/** Counts first use and the calls after it, by whatever counter. */
async function countCase(lane: NamedLane, name: CaseName, counter: () => number): Promise<RoundTrips> {
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
