/**
 * The pool fuzz over a fleet: every second tenant has a schema of its own, so that connections change path as well as tenant, and sloppy handlers leave
 * theirs behind. Nobody sees or writes a foreign row, nothing hangs, and each call finds the path of its own tenant.
 */
import { describeServers, sized } from "@watertight/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type FuzzDatabase, fuzzDatabase } from "./fuzz-database.ts";
import { chooseSeed } from "./random.ts";
import { say, stories, tell } from "./report.ts";
import { runFuzz } from "./run-fuzz.ts";
import { watertightSubject } from "./subject-watertight.ts";
import { tenants } from "./tenants.ts";

describeServers((server) => {
  const iterations = sized(20_000, 2000);
  const schemaOf = new Map(tenants.filter((_, i) => i % 2 === 0).map(({ id }, i) => [id, `tenant_${i}`]));
  let db: FuzzDatabase;
  beforeAll(async () => {
    db = await fuzzDatabase(server, "kit");
    for (const [id, schema] of schemaOf) {
      await db.admin.query(`create schema ${schema}; grant usage on schema ${schema} to "${db.roles.app}"`);
      await db.admin.query("select watertight.set_tenant_schema($1, $2)", [id, schema]);
    }
  });
  afterAll(() => db.close());

  test(`${iterations} iterations`, { timeout: 600_000 }, async () => {
    const seed = chooseSeed("FUZZ_SEED");
    say(`FUZZ_SEED=${seed}`);
    const routes = {
      locate: async (tenant: string) => {
        const schema = schemaOf.get(tenant);
        return { id: `here/${schema ?? ""}`, config: { connectionString: db.appUrl }, schema };
      },
    };
    const makeSubject = (max: number) =>
      watertightSubject({ url: db.appUrl, key: db.key, level: "sealed", routes }, max);
    const result = await runFuzz({ seed, iterations, makeSubject, kill: db.kill, until: Date.now() + 500_000 });
    tell(`pool fuzz over a fleet, PostgreSQL ${server.version}`, seed, result);
    const { ledger, done, lost } = result;
    if (ledger.leakCount > 0) say(stories(ledger.leaks));
    expect({ leaks: ledger.leakCount, hangs: ledger.hangs, unhandled: ledger.unhandled, lost }).toEqual({
      leaks: 0,
      hangs: [],
      unhandled: [],
      lost: 0,
    });
    expect(done).toBe(iterations);
    expect(ledger.rightShare()).toBeGreaterThanOrEqual(0.95);
    expect(await db.crossedWrites()).toBe(0);
    const subject = makeSubject(1);
    for (const tenant of tenants) {
      const { rows } = await subject.query(tenant, "show search_path");
      const schema = schemaOf.get(tenant.id);
      expect(rows).toEqual([{ search_path: schema ? `${schema}, public, pg_temp` : '"$user", public' }]);
    }
    await subject.end();
  });
});
