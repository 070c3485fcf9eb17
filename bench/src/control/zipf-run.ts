/**
 * Many tenant databases under a budget that is smaller: 300, Zipf 1.0, budget 60. The run behind budgetPeak and hitRateGap.
 */
import { closedLoop, manyDatabases, startServer, watchBackends, zipf } from "@watertight/testkit";
import { fleetPool, simulateLru } from "@watertight/runtime/fleet";
import pg from "pg";
import type { FigureContext } from "./figure.ts";

/** What the run showed. */
export interface ZipfRun {
  readonly budget: number;
  /** Most connections between opening and confirmed close. */
  readonly peak: number;
  /** Most connections in pg_stat_activity. */
  readonly backends: number;
  readonly calls: number;
  readonly failed: number;
  /** 0 to 1 */
  readonly hitRate: number;
  /** Of an LRU of that many connections with the same calls. */
  readonly simulated: number;
}

/** Runs it, once for all figures. */
export function zipfRun(context: FigureContext): Promise<ZipfRun> {
  return context.shared("zipf", () => run(context));
}

async function run({ quick, postgres, say }: FigureContext): Promise<ZipfRun> {
  const [databases, budget, asked] = quick ? [90, 30, 800] : [300, 60, 5000];
  const server = await startServer({ version: postgres, settings: { max_connections: String(budget + 20) } });
  try {
    const many = await manyDatabases(server, databases);
    say(`${databases} tenant databases made`);
    const pool = fleetPool(pg, {
      key: many.key,
      budget,
      connectRate: 200,
      queueLimit: 1000,
      queueTimeoutMs: 30_000,
      routes: {
        locate: async (tenant) => ({
          id: tenant,
          model: "database",
          config: { connectionString: many.url(Number.parseInt(tenant.slice(-12), 16)) },
        }),
      },
    });
    const watch = await watchBackends(server, many.roles.app);
    const next = zipf(databases, 1, 20_261_121);
    const keys: string[] = [];
    const { calls, failed } = await closedLoop({ callers: 6, calls: asked, thinkMs: 60 }, () => {
      const tenant = many.tenant(next());
      keys.push(tenant);
      return pool.for(tenant).query("select body from item");
    });
    const stats = pool.stats().servers[0]!;
    await watch.stop();
    await pool.end();
    const simulated = simulateLru(keys, budget).hitRate;
    const hitRate = 1 - stats.opened / stats.granted;
    say(`${calls} calls, ${stats.opened} connects, ${failed} failed`);
    return { budget, peak: stats.peak, backends: watch.peak, calls, failed, hitRate, simulated };
  } finally {
    await server.stop();
  }
}
