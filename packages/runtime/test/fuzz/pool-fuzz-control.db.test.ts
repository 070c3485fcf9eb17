/**
 * Negative control: the same handlers over stock pg with ordinary row security and everyday habits must leak, and the
 * story of a leak must lead to a small interleaving. A fuzz that finds nothing here would prove nothing there.
 */
import { describeServers, sized } from "@watertight/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type FuzzDatabase, fuzzDatabase } from "./fuzz-database.ts";
import { minimise } from "./minimise.ts";
import { chooseSeed } from "./random.ts";
import { say, stories, tell } from "./report.ts";
import { runFuzz } from "./run-fuzz.ts";
import { plainSubject } from "./subject-plain.ts";

describeServers((server) => {
  let db: FuzzDatabase;
  beforeAll(async () => {
    db = await fuzzDatabase(server, "plain");
  });
  afterAll(() => db.close());

  test("the same fuzz on plain pg leaks", { timeout: 180_000 }, async () => {
    const seed = chooseSeed("FUZZ_SEED");
    const makeSubject = (max: number) => plainSubject(db.appUrl, max);
    const result = await runFuzz({
      seed,
      iterations: server.version === 15 ? 1100 : sized(2200, 1100),
      makeSubject,
      kill: db.kill,
    });
    tell(`negative control, plain pg, PostgreSQL ${server.version}`, seed, result);
    const { ledger } = result;
    const small = await minimise(ledger.leaks, makeSubject, db.kill);
    say(`${stories(ledger.leaks, 1)}\n${small}`);
    expect(ledger.leakCount).toBeGreaterThan(0);
    // Correct handlers are among the victims, not only those that lost their context.
    expect([...ledger.counts].filter(([kind, { leaks }]) => kind.correct && leaks > 0)).not.toEqual([]);
    expect([...ledger.counts].filter(([, { leaks }]) => leaks > 0).length).toBeGreaterThanOrEqual(4);
    expect(small).toContain("smallest interleaving");
  });
});
