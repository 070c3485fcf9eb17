/**
 * @watertight/runtime/fleet: one pool over all locations of your tenants, in whatever model, with a budget of connections for each server and fair queues.
 * The user's own copy of pg is handed in; nothing is imported from it.
 */
import type { PgLike } from "../drivers/pg/shapes.ts";
import type { FleetOptions } from "./options.ts";
import { type FleetPool, fleetPoolClass } from "./pg/fleet-pool.ts";

export type { Location, Model, RouteHint, RouteSource, TenantLimits } from "../routes/route-source.ts";
export { QueueError } from "./errors.ts";
export { simulateLru, type LruRun } from "./budget/lru-simulation.ts";
export {
  type BudgetLease,
  type LeaseGrant,
  type LeaseRequest,
  serverBudget,
  staticShare,
} from "./lease/budget-lease.ts";
export { grantLease, type LeaseDecision, type LeaseEntry, type LeasePolicy } from "./lease/grant-lease.ts";
export { memoryLeases } from "./lease/memory-leases.ts";
export type { FleetOptions } from "./options.ts";
export type { FleetPool, ForOptions } from "./pg/fleet-pool.ts";
export type { FleetStats, ServerStats } from "./stats.ts";
export { HeavyHitters, type HeavyHitter } from "./usage/heavy-hitters.ts";
export { fleetMetrics } from "./usage/fleet-metrics.ts";
export type { TenantUsageReport, UsageKind, UsageRanking } from "./usage/tenant-usage.ts";

/**
 * Makes a pool over all locations. The result is an instance of your own `pg.Pool`, so ORMs take it where they take a pool.
 * @param pg your `pg` module, 8.21 or newer
 * @param options pg's connection settings that all locations share, and ours
 * @throws ConfigurationError WT_DRIVER_UNSUPPORTED, WT_CONFIG, WT_KEY_INVALID
 * @example
 * const pool = fleetPool(pg, { routes, budget: serverBudget(200, 13), instances: 4 });
 * await tenancy.run(tenantId, () => pool.query('select * from invoice'));
 * await pool.for(tenantId, { readOnly: true }).query('select count(*) from invoice');
 */
export function fleetPool<P extends PgLike>(
  pg: P,
  options: ConstructorParameters<P["Pool"]>[0] & FleetOptions,
): InstanceType<P["Pool"]> & FleetPool<InstanceType<P["Client"]>> {
  const Pool = fleetPoolClass(pg);
  return new Pool(options as FleetOptions & Record<string, unknown>) as unknown as ReturnType<typeof fleetPool<P>>;
}
