/** An instance of an application in a process of its own, to be killed: a fleet under load whose leases come from the catalog. */
import { fleetPool } from "@watertight/runtime/fleet";
import pg from "pg";
import { catalogLeases } from "../../src/leases/catalog-leases.ts";

const order = JSON.parse(process.env["ORDER"] as string) as {
  catalog: string;
  app: string;
  key: string;
  tenants: string[];
  budget: number;
};
process.stdin.on("end", () => process.exit(1)).resume();
const leases = catalogLeases({ url: order.catalog, instances: 2, ttlMs: 3000 });
const pool = fleetPool(pg, {
  key: order.key,
  tenantIdType: "text",
  budget: order.budget,
  instances: 2,
  leases,
  renewEveryMs: 200,
  connectRate: 200,
  queueTimeoutMs: 30_000,
  routes: { locate: async () => ({ id: "all", server: "eu-1", config: { connectionString: order.app } }) },
});
const call = async (n: number): Promise<void> => {
  for (;;) await pool.for(order.tenants[n % order.tenants.length]!).query("select pg_sleep(0.02)");
};
process.stdout.write("ready instance\n");
await Promise.all(Array.from({ length: 20 }, (_, n) => call(n)));
