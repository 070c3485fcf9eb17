/** An instance of an application in a process of its own, to be killed: a fleet under load whose leases come from its parent. */
import { closedLoop, zipf } from "@watertight/testkit";
import pg from "pg";
import { type BudgetLease, fleetPool, type LeaseGrant } from "../../../src/fleet/index.ts";

export interface InstanceOrder {
  readonly url: string;
  readonly key: string;
  readonly tenants: readonly string[];
  readonly budget: number;
  readonly callers: number;
  readonly renewEveryMs: number;
}

let requests = 0;
const waiting = new Map<number, (grant: LeaseGrant) => void>();
const leases: BudgetLease = {
  renew: (request) =>
    new Promise((resolve) => {
      waiting.set(++requests, resolve);
      process.send!({ id: requests, request });
    }),
  release: async () => {},
};

process.on("message", (message: { id: number; grant: LeaseGrant } | { order: InstanceOrder }) => {
  if ("order" in message) return void work(message.order);
  waiting.get(message.id)?.(message.grant);
  waiting.delete(message.id);
});
process.on("disconnect", () => process.exit(1));

async function work({ url, key, tenants, budget, callers, renewEveryMs }: InstanceOrder): Promise<void> {
  const pool = fleetPool(pg, {
    key,
    budget,
    instances: 2,
    leases,
    renewEveryMs,
    connectRate: 200,
    queueTimeoutMs: 30_000,
    routes: {
      locate: async (tenant) => ({
        id: tenant,
        config: { connectionString: url.replace("NUMBER", String(tenants.indexOf(tenant))) },
      }),
    },
  });
  const next = zipf(tenants.length, 1, 99);
  const timer = setInterval(() => process.send!({ stats: pool.stats().servers[0] }), 50);
  const load = { callers, calls: Infinity, thinkMs: 60 };
  const { failed, errors } = await closedLoop(load, () => pool.for(tenants[next()]!).query("select 1"));
  clearInterval(timer);
  process.send!({ failed, errors: errors.map(String) });
}
