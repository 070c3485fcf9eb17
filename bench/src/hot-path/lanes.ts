/**
 * The targets of a group, connected, warm and with their backends known.
 */
import type pg from "pg";
import type { CaseName } from "../data/cases.ts";
import { callers } from "../data/tables.ts";
import { makeTarget } from "../drivers/make-target.ts";
import type { Driver, Endpoint, Target, Variant } from "../drivers/target.ts";
import type { Environment } from "../environment/environment.ts";
import { pgliteRows } from "../environment/pglite.ts";
import { cpuReader, isLocalBackend } from "../measure/server-cpu.ts";
import { type Lane, warmUp } from "../measure/slice.ts";
import type { Transport } from "../transport/transport.ts";

/** A lane that is called by this name. */
export interface NamedLane extends Lane {
  readonly variant: Variant;
  /** Not a variant of its own: unscoped without statement names, what an unnamed variant is fairly compared with. */
  readonly shadow: boolean;
  readonly applicationName: string;
}

/** What lanes are opened for. */
export interface LaneRequest {
  readonly driver: Driver;
  readonly variants: readonly Variant[];
  readonly connections: number;
  readonly transport: Transport;
}

let count = 0;

/** Opens a lane for each variant, and the shadow where an unnamed variant needs it. */
export async function openLanes(environment: Environment, request: LaneRequest): Promise<NamedLane[]> {
  const lanes: NamedLane[] = [];
  const open = async (variant: Variant, shadow: boolean): Promise<void> => {
    const make = (endpoint: Endpoint): Promise<Target> =>
      makeTarget(request.driver, environment, endpoint, variant, variant !== "hostile" && !shadow);
    lanes.push({ ...(await openLane(environment, request, variant, make)), shadow });
  };
  try {
    for (const variant of request.variants) await open(variant, false);
    // PGlite prepares nothing anyway.
    if (request.variants.includes("hostile") && request.driver !== "pglite") await open("unscoped", true);
    return lanes;
  } catch (error) {
    await closeLanes(lanes);
    throw error;
  }
}

/** Opens one lane around a target. */
export async function openLane(
  environment: Environment,
  request: Pick<LaneRequest, "connections" | "transport">,
  variant: Variant,
  make: (endpoint: Endpoint) => Target | Promise<Target>,
): Promise<NamedLane> {
  const applicationName = `wt-bench-${process.pid}-${++count}`;
  const target = await make({ through: request.transport.through, connections: request.connections, applicationName });
  const rows = target.driver === "pglite" ? pgliteRows : environment.rows;
  return {
    variant,
    shadow: false,
    applicationName,
    target,
    callers: callers(request.connections, rows),
    pids: [],
    cpu: () => null,
    next: 0,
  };
}

/** Warms a case on all lanes and finds their backends. */
export async function warmLanes(lanes: readonly NamedLane[], name: CaseName, watcher: pg.Client): Promise<void> {
  for (const lane of lanes) await warmUp(lane, name);
  const { rows } = await watcher.query<{ pid: number; name: string }>(
    "select pid, application_name as name from pg_catalog.pg_stat_activity where application_name = any ($1)",
    [lanes.map((lane) => lane.applicationName)],
  );
  for (const lane of lanes) {
    lane.pids = rows.filter((row) => row.name === lane.applicationName).map((row) => row.pid);
    lane.cpu = lane.pids.length > 0 && lane.pids.every(isLocalBackend) ? cpuReader(lane.pids) : () => null;
  }
}

/** Closes all connections. */
export async function closeLanes(lanes: readonly NamedLane[]): Promise<void> {
  await Promise.all(lanes.map((lane) => lane.target.close()));
}
