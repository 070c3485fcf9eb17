/**
 * One noisy tenant and twenty quiet ones: 10 connections, 200 calls of the noisy one in flight at all times, queries of 20 ms. The quiet tenants alone,
 * then with the noise under the fair scheduler, then with the noise in one line.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { createDatabase, startServer } from "@watertight/testkit";
import { fleetPool } from "@watertight/runtime/fleet";
import pg from "pg";
import { quantile } from "../measure/quantile.ts";
import type { FigureContext } from "./figure.ts";

/** 99th percentiles of the quiet tenants' calls, in milliseconds. */
export interface NoiseRun {
  readonly unloaded: number;
  readonly fair: number;
  readonly fifo: number;
}

const connections = 10;
const quietTenants = 20;
const noisyCalls = 200;
const everyMs = 250;
const query = "select pg_sleep(0.02)";
const id = (i: number): string => `00000000-0000-4000-8000-${String(i).padStart(12, "0")}`;

/** Runs it, once for all figures. */
export function noiseRun(context: FigureContext): Promise<NoiseRun> {
  return context.shared("noise", () => run(context));
}

async function run({ quick, postgres, say }: FigureContext): Promise<NoiseRun> {
  const ms = quick ? 5000 : 20_000;
  const server = await startServer({ version: postgres });
  try {
    const db = await createDatabase(server, { kit: true });
    for (let i = 0; i <= quietTenants; i++) await db.admin.query("select watertight.register_tenant($1)", [id(i)]);
    const one = async (order: "fair" | "fifo", noise: boolean): Promise<number> => {
      const pool = fleetPool(pg, {
        key: db.key,
        budget: connections,
        order,
        queueLimit: 1000,
        queueTimeoutMs: 60_000,
        routes: { locate: async () => ({ id: "one", config: { connectionString: db.appUrl } }) },
      });
      let running = true;
      const noisy = pool.for(id(0));
      const loops = Array.from({ length: noise ? noisyCalls : connections }, async () => {
        // Without noise these only warm the connections up.
        do await noisy.query(query);
        while (running && noise);
      });
      await sleep(1000);
      const latencies: number[] = [];
      const end = performance.now() + ms;
      const quiet = Array.from({ length: quietTenants }, async (_, i) => {
        const tenant = pool.for(id(i + 1));
        await sleep((i * everyMs) / quietTenants);
        while (performance.now() < end) {
          const from = performance.now();
          await tenant.query(query);
          latencies.push(performance.now() - from);
          await sleep(
            Math.max(0, everyMs - (performance.now() - from)) * (0.5 + ((i * 7 + latencies.length) % 11) / 10),
          );
        }
      });
      await Promise.all(quiet);
      running = false;
      await Promise.all(loops);
      await pool.end();
      const p99 = quantile(latencies, 0.99);
      say(`${noise ? `noise, ${order}` : "quiet tenants alone"}: ${latencies.length} calls, p99 ${p99.toFixed(1)} ms`);
      return p99;
    };
    return { unloaded: await one("fair", false), fair: await one("fair", true), fifo: await one("fifo", true) };
  } finally {
    await server.stop();
  }
}
