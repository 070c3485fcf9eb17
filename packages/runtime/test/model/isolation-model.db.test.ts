/**
 * Random commands of 16 tenants with hostile ids against an oracle: every reply is what the oracle says, no reply and
 * no error text shows another tenant's mark, and now and then everybody's rows are compared past row security.
 * MODEL_SEED repeats a run, MODEL_RUNS and MODEL_MINUTES set the length; a failure prints the shortest command list.
 */
import { appendFileSync } from "node:fs";
import { describeServers, sized } from "@watertight/testkit";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chooseSeed, fromEnvironment } from "../fuzz/random.ts";
import { say } from "../fuzz/report.ts";
import { type ModelCommand, ran } from "./command.ts";
import { type Level, ModelDatabase, modelDatabase } from "./model-database.ts";
import { emptyOracle, tenantIds } from "./oracle.ts";
import * as row from "./row-commands.ts";
import * as scope from "./scope-commands.ts";

const minutes = fromEnvironment("MODEL_MINUTES", 0);

const tenant = fc.nat({ max: tenantIds.length - 1 });
const id = fc.nat({ max: 5 });
const commands = fc.commands(
  [
    fc.tuple(tenant, id).map(([t, i]) => row.put(t, i)),
    fc.tuple(tenant, id).map(([t, i]) => row.put(t, i)),
    fc.tuple(tenant, tenant, id).map(([t, o, i]) => row.putForOther(t, o, i)),
    fc.tuple(tenant, id).map(([t, i]) => row.get(t, i)),
    fc.tuple(tenant, id).map(([t, i]) => row.update(t, i)),
    tenant.map(row.updateAll),
    fc.tuple(tenant, id).map(([t, i]) => row.remove(t, i)),
    tenant.map(row.removeAll),
    tenant.map(row.readAll),
    fc.tuple(tenant, id).map(([t, i]) => row.upsert(t, i)),
    fc.tuple(tenant, id).map(([t, i]) => row.bulk(t, i)),
    tenant.map(row.aggregate),
    fc.tuple(tenant, id, id).map(([t, a, b]) => scope.transfer(t, a, b)),
    fc.tuple(tenant, id, fc.nat({ max: 4 })).map(([t, i, s]) => scope.errorInTransaction(t, i, s)),
    fc.tuple(tenant, id).map(([t, i]) => scope.savepoint(t, i)),
    fc.tuple(tenant, id, fc.nat({ max: 12 })).map(([t, i, ms]) => scope.cancel(t, i, ms)),
    tenant.map(scope.timeout),
    fc.tuple(tenant, tenant).map(([t, o]) => scope.nested(t, o)),
    fc.tuple(tenant, tenant).map(([t, o]) => scope.mixUp(t, o)),
    tenant.map(scope.allAtOnce),
    tenant.map(scope.stream),
    tenant.map((t) => scope.suspend(t, true)),
    fc.tuple(tenant, fc.boolean()).map(([t]) => scope.suspend(t, false)),
    tenant.map(scope.rotate),
  ],
  { maxCommands: 80, size: "max" },
);

async function oneRun(real: ModelDatabase, list: Iterable<ModelCommand>): Promise<void> {
  await real.reset();
  const oracle = emptyOracle();
  await fc.asyncModelRun(() => ({ model: oracle, real }), list);
  await real.compareAll(oracle);
}

describeServers((server) => {
  describe.each<Level>(minutes > 0 ? ["sealed", "hostile"] : ["sealed"])("level %s", (level) => {
    let real: ModelDatabase;
    beforeAll(async () => {
      real = await modelDatabase(server, level);
    });
    afterAll(() => real.close());

    const runs = fromEnvironment("MODEL_RUNS", minutes > 0 ? 1_000_000 : sized(server.version === 15 ? 20 : 80, 20));
    test("random commands agree with the oracle", { timeout: (minutes + 5) * 60_000 }, async () => {
      const seed = chooseSeed("MODEL_SEED") | 0;
      say(`MODEL_SEED=${seed}`);
      ran.clear();
      const started = performance.now();
      // A time limit leaves its last run going: it must end, and end well, before anything else uses the database.
      let running: Promise<void> = Promise.resolve();
      await fc.assert(
        fc.asyncProperty(commands, (list) => (running = oneRun(real, list))),
        {
          seed,
          numRuns: runs,
          ...(minutes > 0 ? { interruptAfterTimeLimit: minutes * 60_000 } : {}),
        },
      );
      await running;
      const total = [...ran.values()].reduce((sum, n) => sum + n, 0);
      const seconds = (performance.now() - started) / 1000;
      say(
        `model, PostgreSQL ${server.version}, level ${level}: ${total} commands in ${seconds.toFixed(1)} s, MODEL_SEED=${seed}: ${[...ran].map(([name, n]) => `${name} ${n}`).join(", ")}`,
      );
      const path = process.env["FUZZ_REPORT"];
      if (path !== undefined)
        appendFileSync(
          path,
          `${JSON.stringify({ title: `model, PostgreSQL ${server.version}, level ${level}`, seed, done: total, seconds, leaks: 0 })}\n`,
        );
      expect(total).toBeGreaterThanOrEqual(minutes > 0 ? 100 : runs * 15);
      expect(ran.size).toBe(23);
    });

    test("control: without row security the model notices", { timeout: 60_000 }, async () => {
      await real.db.admin.query("alter table entry disable row level security");
      try {
        const found = await fc.check(
          fc.asyncProperty(commands, (list) => oneRun(real, list)),
          { seed: 1, numRuns: 20, endOnFailure: true },
        );
        expect(found.failed).toBe(true);
      } finally {
        await real.db.admin.query("alter table entry enable row level security");
      }
    });
  });
});
