/**
 * migrate1000 and migrateNoop: one small ALTER over all schemas against a bare loop of the same ALTER over as many connections, turn by turn; and
 * what a run costs that has nothing to do. The bare loop keeps no ledger, takes no lock and asks nobody.
 */
import { performance } from "node:perf_hooks";
import { memoryStore, runWaves } from "@watertight/control";
import pg from "pg";
import { median } from "../measure/quantile.ts";
import { byRatio, byValue, type Figure, type FigureRun, type Measure } from "./figure.ts";
import { type Fleet, makeFleet } from "./fleet.ts";

const connections = 4;

async function bareLoop(fleet: Fleet, column: string): Promise<number> {
  const begun = performance.now();
  const queue = fleet.targets.values();
  const worker = async (): Promise<void> => {
    const client = new pg.Client(fleet.targets[0]!.connect as pg.ClientConfig);
    await client.connect();
    for (const { schema } of queue) await client.query(`alter table ${schema}.table_0 add column ${column} int`);
    await client.end();
  };
  await Promise.all(Array.from({ length: connections }, worker));
  return performance.now() - begun;
}

/** Measures both. */
export const measureMigrations: Measure = async ({ quick, say }: FigureRun, server): Promise<Figure[]> => {
  const [tenants, rounds] = quick ? [200, 3] : [1000, 7];
  const fleet = await makeFleet(server, tenants, 10);
  try {
    say(`${tenants} schemas of 10 tables made`);
    const [ours, bare, noop]: number[][] = [[], [], []];
    for (let round = 0; round <= rounds; round++) {
      const release = await fleet.nextRelease();
      const store = memoryStore();
      const bareMs = await bareLoop(fleet, `bare_${round}`);
      const result = await runWaves({ targets: fleet.targets, release, store, concurrency: connections });
      if (result.counts.done !== tenants) throw new Error(`${result.counts.done} of ${tenants} done: ${result.reason}`);
      const begun = performance.now();
      const nothing = await runWaves({ targets: fleet.targets, release, store, concurrency: connections });
      const noopMs = performance.now() - begun;
      if (nothing.counts.current !== tenants) throw new Error("there was something to do");
      // the first round fills caches
      if (round === 0) continue;
      bare!.push(bareMs);
      ours!.push(result.durationMs);
      noop!.push(noopMs);
      say(`round ${round} of ${rounds}`);
    }
    return [
      byRatio("migrate1000", median(ours!), median(bare!), "ms", 1.5),
      byValue("migrateNoop", median(noop!), "ms", 50),
    ];
  } finally {
    await fleet.close();
  }
};
