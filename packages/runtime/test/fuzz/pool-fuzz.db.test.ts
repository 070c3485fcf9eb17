/**
 * Correct and sloppy handlers over pools smaller than their concurrency: whatever the sloppy ones do, nobody sees or
 * writes a foreign row, nothing hangs, and the correct ones get their answers. FUZZ_SEED repeats the choice of actions
 * (not the operating system's timing), FUZZ_ITERATIONS and FUZZ_MINUTES set the length, FUZZ_LEVEL another level.
 */
import { describeServers, sized } from "@watertight/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type FuzzDatabase, fuzzDatabase } from "./fuzz-database.ts";
import { promised } from "./kinds.ts";
import { minimise } from "./minimise.ts";
import { chooseSeed, fromEnvironment } from "./random.ts";
import { say, stories, tell } from "./report.ts";
import { runFuzz } from "./run-fuzz.ts";
import { watertightSubject } from "./subject-watertight.ts";
import { tenants } from "./tenants.ts";

type Level = "plain" | "sealed" | "hostile";
const level = (process.env["FUZZ_LEVEL"] ?? "sealed") as Level;
const minutes = fromEnvironment("FUZZ_MINUTES", 0);
/** A run that takes longer stops with the figures it has, and fails for being too short. */
const longestMinutes = 20;

describeServers((server) => {
  // CI runs 200,000 in total, most of them on the newest version; what differs between versions shows long before that.
  const iterations = fromEnvironment("FUZZ_ITERATIONS", sized(server.version === 15 ? 18_000 : 182_000, 3000));
  let db: FuzzDatabase;
  beforeAll(async () => {
    db = await fuzzDatabase(server, "kit", level);
  });
  afterAll(() => db.close());

  test(`${iterations} iterations at level ${level}`, { timeout: (minutes + longestMinutes + 2) * 60_000 }, async () => {
    const seed = chooseSeed("FUZZ_SEED");
    say(`FUZZ_SEED=${seed}`);
    const makeSubject = (max: number) => watertightSubject({ url: db.appUrl, key: db.key, level }, max);
    const until = Date.now() + (minutes || longestMinutes) * 60_000;
    const result = await runFuzz({ seed, iterations, makeSubject, kill: db.kill, until });
    tell(`pool fuzz, PostgreSQL ${server.version}, level ${level}`, seed, result);
    const { ledger, done, lost, acknowledged, unknown } = result;
    if (ledger.leakCount > 0) say(`${stories(ledger.leaks)}\n${await minimise(ledger.leaks, makeSubject, db.kill)}`);
    expect({ leaks: ledger.leakCount, hangs: ledger.hangs, unhandled: ledger.unhandled, lost }).toEqual({
      leaks: 0,
      hangs: [],
      unhandled: [],
      lost: 0,
    });
    expect(ledger.rightShare()).toBeGreaterThanOrEqual(0.95);
    if (minutes === 0) {
      expect(done).toBe(iterations);
      for (const [kind, count] of ledger.counts)
        if (promised.includes(kind.name)) expect(count.done).toBeGreaterThanOrEqual(Math.floor(iterations / 10));
    }
    // What was acknowledged was written, for the right tenant; at most the unknown ones came on top.
    expect(await db.crossedWrites()).toBe(0);
    const counters = await db.counters();
    for (const tenant of tenants) {
      const written = counters.get(tenant.id) ?? 0;
      expect(written).toBeGreaterThanOrEqual(acknowledged.get(tenant) ?? 0);
      expect(written).toBeLessThanOrEqual((acknowledged.get(tenant) ?? 0) + (unknown.get(tenant) ?? 0));
    }
  });
});
