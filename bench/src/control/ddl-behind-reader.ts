/**
 * ddlBehindReader: the longest that a query of the application waits while a migration wants the table that a transaction of 3 s is reading. The
 * baseline is the same without lock_timeout: everybody waits until the reader is gone.
 */
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { applyToTarget, type Target } from "@watertight/control";
import pg from "pg";
import { byValue, type Figure, type FigureContext, type FigureResult } from "./figure.ts";
import { type Fleet, makeFleet } from "./fleet.ts";

async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {});
  await client.connect();
  return client;
}

/** The longest wait of a steady stream of queries while `migrate` runs against a reader of `readMs`. */
async function worstWait({ db }: Fleet, readMs: number, migrate: () => Promise<unknown>): Promise<number> {
  const reader = await connected(db.adminUrl);
  const application = await connected(db.adminUrl);
  try {
    await reader.query("begin; select from t1.table_0");
    let running = true;
    let worst = 0;
    const stream = (async () => {
      while (running) {
        const begun = performance.now();
        await application.query("select from t1.table_0");
        worst = Math.max(worst, performance.now() - begun);
        await sleep(2);
      }
    })();
    const migration = migrate();
    await sleep(readMs);
    await reader.query("commit");
    await migration;
    running = false;
    await stream;
    return worst;
  } finally {
    await reader.end();
    await application.end();
  }
}

async function measure({ quick, say, durableServer }: FigureContext): Promise<FigureResult> {
  const fleet = await makeFleet(await durableServer(), 1, 1);
  const rounds = quick ? 1 : 5;
  try {
    const target: Target = fleet.targets[0]!;
    const bare = await worstWait(fleet, quick ? 1000 : 3000, () =>
      fleet.db.admin.query("alter table t1.table_0 add bare int"),
    );
    let worst = 0;
    for (let round = 1; round <= rounds; round++) {
      const release = await fleet.nextRelease();
      worst = Math.max(worst, await worstWait(fleet, 3000, () => applyToTarget(target, release, { budgetMs: 30_000 })));
      say(`DDL behind a reader, round ${round} of ${rounds}`);
    }
    return byValue("ddlBehindReader", worst, "ms", 100, bare);
  } finally {
    await fleet.close();
  }
}

/** The longest wait of a query behind DDL that waits. */
export const ddlBehindReader: Figure = { name: "ddlBehindReader", measure };
