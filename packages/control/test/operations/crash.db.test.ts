/**
 * The catalog's server is killed again and again while workers run a mix of operations: what was acknowledged is there, what was made outside
 * was made once, and everything comes to an end. Judged by this process and by a database on another server.
 */
import {
  createDatabase,
  describeServers,
  fullRun,
  type OwnServer,
  startServer,
  type TestDatabase,
} from "@watertight/testkit";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { verifyAudit } from "../../src/audit-log/verify-audit.ts";
import { cancelOperation } from "../../src/operations/control-operation.ts";
import type { OperationKind } from "../../src/operations/operation.ts";
import { requestOperation } from "../../src/operations/operation-rows.ts";
import { type CatalogDatabase, catalogDatabase } from "../catalog-database.ts";
import { makeThing } from "./worker-process.ts";
import { type Workers, workers } from "./workers.ts";

const actor = { name: "test" };
const kinds: ReadonlyMap<string, OperationKind<never>> = new Map([
  [makeThing.kind, makeThing as unknown as OperationKind<never>],
]);
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describeServers((server) => {
  // versions recover alike; the long run is on the newest
  const crashes = Number(process.env["CRASHES"] ?? (!fullRun ? 3 : server.version === 15 ? 4 : 20));
  let own: OwnServer;
  let catalog: CatalogDatabase;
  let outside: TestDatabase;
  let pool: Workers;
  beforeAll(async () => {
    own = await startServer({
      version: server.version as 18,
      settings: { synchronous_commit: "on", full_page_writes: "on" },
    });
    catalog = await catalogDatabase(own);
    // the first connection of the database ends with the first crash
    catalog.db.admin.on("error", () => {});
    outside = await createDatabase(server);
    pool = await workers("worker-process.ts");
    await outside.admin.query(`
      create table made (thing text, position int, worker text not null, at timestamptz not null default clock_timestamp(), primary key (thing, position));
      create table violation (what text)`);
  });
  afterAll(async () => {
    await pool.close();
    await outside.drop();
    await catalog.pool.end();
    await own.stop();
  });

  test(`${crashes} crashes`, { timeout: 60_000 + crashes * 15_000 }, async () => {
    const started = [1, 2].map(() => pool.start({ CATALOG_URL: catalog.url.control, OUTSIDE_URL: outside.adminUrl }));
    for (const each of started) await each.ready();
    /** What the catalog has acknowledged, by this process's own books. */
    const acknowledged = new Map<string, { readonly thing: string; readonly how: "works" | "fails" | "cancelled" }>();
    let over = false;
    const asking = (async () => {
      for (let n = 0; !over; n++) {
        const how = (["works", "works", "fails", "cancelled"] as const)[n % 4] as "works" | "fails" | "cancelled";
        const input = { thing: `${how}-${n}`, stepMs: 20, ...(how === "fails" ? { failAt: 1 } : {}) };
        try {
          const { id } = await requestOperation(catalog.pool, actor, makeThing, input);
          acknowledged.set(id, { thing: input.thing, how });
          if (how === "cancelled") await cancelOperation(catalog.pool, actor, id, kinds).catch(() => {});
          await sleep(15);
        } catch {
          // the server is away: nothing was acknowledged
          await sleep(50);
        }
      }
    })();
    for (let n = 0; n < crashes; n++) {
      await sleep(300 + Math.random() * 700);
      await own.crash();
    }
    over = true;
    await asking;
    const admin = new pg.Pool({ connectionString: catalog.db.adminUrl, max: 1 });
    try {
      const open = async (): Promise<number> =>
        (
          await admin.query(
            "select count(*)::int as n from watertight_catalog.operation where state not in ('succeeded', 'failed', 'cancelled')",
          )
        ).rows[0].n;
      for (const until = Date.now() + 60_000; (await open()) > 0 && Date.now() < until;) await sleep(100);
      expect(await open()).toBe(0);
      pool.check();
      expect(acknowledged.size).toBeGreaterThan(crashes * 3);
      const { rows } = await admin.query("select id, state from watertight_catalog.operation");
      const states = new Map(rows.map((row) => [row.id as string, row.state as string]));
      const { rows: made } = await outside.admin.query("select thing, count(*)::int as n from made group by 1");
      const madeOf = new Map(made.map((row) => [row.thing as string, row.n as number]));
      for (const [id, { thing, how }] of acknowledged) {
        const state = states.get(id);
        // a cancel may come too late, or be lost with the server before it was acknowledged
        const expected = { works: ["succeeded"], fails: ["failed"], cancelled: ["cancelled", "succeeded"] }[how];
        expect([thing, expected.includes(state ?? "lost")]).toEqual([thing, true]);
        expect([thing, madeOf.get(thing) ?? 0]).toEqual([thing, state === "succeeded" ? 3 : 0]);
      }
      expect((await outside.admin.query("select what from violation")).rows).toEqual([]);
      expect(await verifyAudit(admin)).toMatchObject({ valid: true });
      const { rows: cleanup } = await admin.query(
        "select count(*)::int as n from watertight_catalog.cleanup c join watertight_catalog.operation o on o.id = c.operation where o.state = 'succeeded' and c.settled_at is null",
      );
      expect(cleanup[0].n).toBe(0);
      const { rows: jobs } = await admin.query(
        "select count(*)::int as n from watertight_jobs.job where state = 'created'",
      );
      expect(jobs[0].n).toBe(0);
    } finally {
      await admin.end();
    }
    for (const { child, ended } of started) {
      child.kill("SIGTERM");
      expect(await ended).toBe(0);
    }
  });
});
