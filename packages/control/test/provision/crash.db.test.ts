/**
 * The one server of catalog and cell is killed again and again while workers make, suspend and delete tenants of all four models: what was
 * acknowledged comes to its end, nothing is left over, nothing is there twice. Judged by what this process was told.
 */
import { describeServers, fullRun, type OwnServer } from "@watertight/testkit";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { verifyAudit } from "../../src/audit-log/verify-audit.ts";
import { approveOperation } from "../../src/operations/control-operation.ts";
import type { OperationKind } from "../../src/operations/operation.ts";
import { requestOperation } from "../../src/operations/operation-rows.ts";
import { type Workers, workers } from "../operations/workers.ts";
import { actor, cellServer, type ControlPlane, controlPlane } from "./cells.ts";
import { sound } from "./sound.ts";

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const models = ["pool", "schema", "database", "silo"] as const;

/** What this process was told was accepted. */
interface Acknowledged {
  readonly tenant: string;
  readonly kind: "tenant.create" | "tenant.suspend" | "tenant.delete";
}

describeServers((server) => {
  // versions recover alike; the long run is on the newest
  const crashes = Number(process.env["CRASHES"] ?? (!fullRun ? 2 : server.version === 15 ? 3 : 20));
  let own: OwnServer;
  let plane: ControlPlane;
  let pool: Workers;
  let silo: string;
  beforeAll(async () => {
    own = await cellServer(server.version, { synchronous_commit: "on", full_page_writes: "on" });
    plane = await controlPlane(own);
    plane.catalog.db.admin.on("error", () => {});
    await plane.addCell(own, { id: "eu-1", maxDatabases: 10_000 });
    await plane.run("template.build", { cell: "eu-1" });
    await plane.run("pool.create", { name: "main" });
    silo = (await plane.run("silo.create", { name: "group" })).output["location"] as string;
    pool = await workers("../provision/provision-process.ts");
  }, 120_000);
  afterAll(async () => {
    await pool.close();
    await plane.catalog.pool.end();
    await own.stop();
  });

  test(`${crashes} crashes`, { timeout: 180_000 + crashes * 15_000 }, async () => {
    const started = [1, 2].map(() => pool.start({ CATALOG_URL: plane.catalog.url.control, SECRETS: plane.folder }));
    for (const each of started) await each.ready();
    const admin = new pg.Pool({ connectionString: plane.catalog.db.adminUrl, max: 2 });
    admin.on("error", () => {});
    const query = async (text: string, values: unknown[] = []) => (await admin.query(text, values)).rows;
    const acknowledged = new Map<string, Acknowledged>();
    const ask = async (kind: Acknowledged["kind"], tenant: string, input: Record<string, unknown>): Promise<void> => {
      const of = plane.kinds.get(kind) as unknown as OperationKind;
      const { id } = await requestOperation(plane.catalog.pool, actor, of, input);
      if (of.fourEyes === true) await approveOperation(plane.catalog.pool, { name: "second" }, id);
      acknowledged.set(id, { tenant, kind });
    };
    let over = false;
    const asking = (async () => {
      for (let n = 0; !over; n++) {
        const tenant = `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
        try {
          const model = models[n % models.length]!;
          const location = model === "silo" ? { location: silo } : {};
          await ask("tenant.create", tenant, { model, tenant: { id: tenant, slug: `${model}-${n}` }, ...location });
          // somebody who is served already is suspended, or deleted
          const [served] = await query(
            "select id from watertight_catalog.tenant where state = 'active' order by random() limit 1",
          );
          if (served !== undefined && n % 2 === 0) await ask("tenant.suspend", served.id, { tenant: served.id });
          else if (served !== undefined && n % 3 === 0)
            await ask("tenant.delete", served.id, { tenant: served.id, graceMs: 0 });
          await sleep(250);
        } catch {
          // the server is away, or somebody is at work on that tenant: nothing was acknowledged
          await sleep(50);
        }
      }
    })();
    try {
      for (let n = 0; n < crashes; n++) {
        await sleep(500 + Math.random() * 1000);
        await own.crash();
      }
      over = true;
      await asking;
      const open = () =>
        query(
          `select id, kind, state, error from watertight_catalog.operation where state in ('pending', 'running', 'waiting') or unfinished`,
        );
      // one that was asked for and not approved, because the server went away in between, runs never
      for (const until = Date.now() + 150_000; (await open()).length > 0 && Date.now() < until;) await sleep(200);
      expect(await open()).toEqual([]);
      pool.check();
      expect(acknowledged.size).toBeGreaterThan(crashes);
      const states = new Map(
        (await query("select id, state, error ->> 'code' as code from watertight_catalog.operation")).map((row) => [
          row.id as string,
          row,
        ]),
      );
      for (const [id, { kind, tenant }] of acknowledged) {
        const { state, code } = states.get(id) as { state: string; code: string | null };
        // a suspended tenant may have been deleted first, and the other way round
        const expected = kind === "tenant.create" ? ["succeeded null"] : ["succeeded null", "failed WT_CATALOG_STATE"];
        expect([kind, tenant, expected.includes(`${state} ${code}`) ? "" : `${state} ${code}`]).toEqual([
          kind,
          tenant,
          "",
        ]);
      }
      await sound(query, own, plane.folder);
      expect(await verifyAudit(admin)).toMatchObject({ valid: true });
      expect(
        await query(
          "select c.* from watertight_catalog.cleanup c join watertight_catalog.operation o on o.id = c.operation where c.settled_at is null",
        ),
      ).toEqual([]);
      expect(
        await query(
          "select tenant from watertight_catalog.placement where state = 'active' group by tenant, service having count(*) > 1",
        ),
      ).toEqual([]);
    } finally {
      over = true;
      await admin.end();
    }
    for (const { child, ended } of started) {
      child.kill("SIGTERM");
      expect(await ended).toBe(0);
    }
  });
});
