/** The pool over locations is the user's own pool type, and its options are checked. */
import pg from "pg";
import { fleetPool, type FleetStats, memoryLeases, type RouteSource, serverBudget } from "../../src/fleet/index.ts";

declare const routes: RouteSource;
const pool = fleetPool(pg, {
  routes,
  budget: serverBudget(200),
  instances: 3,
  leases: memoryLeases({ budget: 9, instances: 3 }),
});
const own: pg.Pool = pool;
const stats: FleetStats = pool.stats();
const reader = pool.for("tenant", { readOnly: true }).transaction(async (tx) => tx.client satisfies pg.Client);

// @ts-expect-error without routes
fleetPool(pg, { budget: 5 });
// @ts-expect-error without a budget
fleetPool(pg, { routes });
// @ts-expect-error a model that does not exist
const wrong: RouteSource = { locate: async () => ({ id: "a", config: {}, model: "table" }) };

export { own, reader, stats, wrong };
