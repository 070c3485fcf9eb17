/**
 * migrate1000 and migrateNoop: one small ALTER over all schemas against the plain loop that anybody would write, over as many connections, turn by
 * turn: one message for each schema with the ALTER and a row in a ledger, in one transaction. The plain loop takes no lock, keeps no schema version, asks
 * nobody and remembers nothing else. What the ALTER alone takes, without any ledger, is told in the note. And what a run costs that has nothing to do.
 */
import { performance } from "node:perf_hooks";
import { memoryStore, runWaves } from "@watertight/control";
import pg from "pg";
import { median } from "../measure/quantile.ts";
import { byRatio, byValue, type Figure, type FigureContext, type FigureResult } from "./figure.ts";
import { type Fleet, makeFleet } from "./fleet.ts";

const connections = 4;

/** Runs a text on every schema. */
async function loop(fleet: Fleet, text: (schema: string) => string): Promise<number> {
  const begun = performance.now();
  const queue = fleet.targets.values();
  const worker = async (): Promise<void> => {
    const client = new pg.Client(fleet.targets[0]!.connect as pg.ClientConfig);
    await client.connect();
    for (const { schema } of queue) await client.query(text(schema!));
    await client.end();
  };
  await Promise.all(Array.from({ length: connections }, worker));
  return performance.now() - begun;
}

const alter = (schema: string, column: string): string => `alter table ${schema}.table_0 add column ${column} int`;

const withLedger = (schema: string, column: string): string =>
  `begin; ${alter(schema, column)}; insert into ${schema}.plain_ledger (name, checksum) values ('${column}', 'x'); commit`;

interface Measured {
  readonly migrate1000: FigureResult;
  readonly migrateNoop: FigureResult;
}

async function measure({ quick, say, durableServer }: FigureContext): Promise<Measured> {
  const server = await durableServer();
  const [tenants, rounds] = quick ? [200, 3] : [1000, 7];
  const fleet = await makeFleet(server, tenants, 10);
  try {
    say(`${tenants} schemas of 10 tables made`);
    for (const { schema } of fleet.targets)
      await fleet.db.admin.query(
        `create table ${schema}.plain_ledger (name text primary key, checksum text not null, at timestamptz not null default now());
         alter table ${schema}.plain_ledger owner to ${fleet.db.roles.owner}`,
      );
    const [ours, plain, alone, noop]: number[][] = [[], [], [], []];
    for (let round = 0; round <= rounds; round++) {
      const release = await fleet.nextRelease();
      const store = memoryStore();
      const aloneMs = await loop(fleet, (schema) => alter(schema, `alone_${round}`));
      const plainMs = await loop(fleet, (schema) => withLedger(schema, `plain_${round}`));
      const result = await runWaves({ targets: fleet.targets, release, store, concurrency: connections });
      if (result.counts.done !== tenants) throw new Error(`${result.counts.done} of ${tenants} done: ${result.reason}`);
      const begun = performance.now();
      const nothing = await runWaves({ targets: fleet.targets, release, store, concurrency: connections });
      const noopMs = performance.now() - begun;
      if (nothing.counts.current !== tenants) throw new Error("there was something to do");
      // the first round fills caches
      if (round === 0) continue;
      alone!.push(aloneMs);
      plain!.push(plainMs);
      ours!.push(result.durationMs);
      noop!.push(noopMs);
      say(
        `round ${round} of ${rounds}: ${Math.round(result.durationMs)} ms, plain ${Math.round(plainMs)} ms, alone ${Math.round(aloneMs)} ms`,
      );
    }
    const ratio = (median(ours!) / median(alone!)).toFixed(2);
    const note = `the ALTER alone, without a ledger: ${Math.round(median(alone!))} ms (${ratio} x)`;
    return {
      migrate1000: { ...byRatio("migrate1000", median(ours!), median(plain!), "ms", 1.5), note },
      migrateNoop: byValue("migrateNoop", median(noop!), "ms", 50),
    };
  } finally {
    await fleet.close();
  }
}

const figure = (name: keyof Measured): Figure => ({
  name,
  measure: async (context) => (await context.shared("migrations", () => measure(context)))[name],
});

/** One small ALTER over all schemas. */
export const migrate1000: Figure = figure("migrate1000");
/** A run that has nothing to do. */
export const migrateNoop: Figure = figure("migrateNoop");
