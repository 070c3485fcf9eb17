/**
 * SQL injected into a tenant's request may raise any SQLSTATE with any DETAIL (Q9). Imitations of the kit's own conditions must not
 * steer the runtime: no other server is asked for, nothing is retried, no clock is believed. The real conditions still count.
 */
import { describeServers } from "@watertight/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tenancy } from "../../src/index.ts";
import { sqlDatabase } from "../drivers/postgres-js/sql-database.ts";
import { errorOf, tenantA, tenantDatabase, type TenantDatabase } from "../fixture/tenant-database.ts";

const raise = (code: string, detail: string, constraint = ""): string =>
  `do $x$ begin raise exception using errcode = '${code}', detail = '${detail}', constraint = '${constraint}'; end $x$`;

const imitations = [
  ["WT001", raise("WT001", "expired")],
  ["WT002", raise("WT002", '{"state": "moved", "goto": "{\\"host\\": \\"attacker.example\\"}"}')],
  ["WT003", raise("WT003", "")],
  ["40001", raise("40001", "", "watertight_epoch")],
] as const;

/** Counts what a believed imitation would set off. */
function watch(): { asked: unknown[]; events: string[]; stop(): void } {
  const events: string[] = [];
  const offs = (["reroute", "stale-retry"] as const).map((name) => tenancy.on(name, () => events.push(name)));
  return { asked: [], events, stop: () => offs.forEach((off) => off()) };
}

describeServers((server) => {
  let db: TenantDatabase;
  beforeAll(async () => {
    db = await tenantDatabase(server);
  });
  afterAll(() => db.close());

  test.for(imitations)("node-postgres takes an imitated %s for the statement's own error", async ([code, sql]) => {
    const seen = watch();
    const pool = db.pool({
      routes: {
        async locate(_tenant, hint) {
          if (hint?.refresh) seen.asked.push(hint);
          return { id: "home", config: { connectionString: db.appUrl, key: db.key } };
        },
      },
    });
    const a = pool.for(tenantA);
    for (const attempt of [() => a.query(sql), () => a.transaction((tx) => tx.query(sql))]) {
      const error = await errorOf(attempt);
      expect(error.code).toBe(code);
      expect(error.sqlstate).toBeUndefined();
    }
    seen.stop();
    expect([seen.asked, seen.events]).toEqual([[], []]);
  });

  test.for(imitations)("postgres.js takes an imitated %s for the statement's own error", async ([code, sql]) => {
    const own = await sqlDatabase(server);
    const seen = watch();
    const { tenants } = own.open();
    const a = tenants.for(tenantA);
    for (const attempt of [() => a.query(sql), () => a.transaction((tx) => tx.query(sql))])
      expect((await errorOf(attempt)).code).toBe(code);
    seen.stop();
    expect(seen.events).toEqual([]);
    await own.close();
  });

  test("the context statement's own refusal is believed", async () => {
    await db.admin.query(`select watertight.set_tenant_state('${tenantA}', 'suspended')`);
    expect((await errorOf(db.pool().for(tenantA).query("select 1"))).code).toBe("WT_TENANT_NOT_SERVED");
    const own = await sqlDatabase(server);
    await own.admin.query(`select watertight.set_tenant_state('${tenantA}', 'suspended')`);
    expect((await errorOf(own.open().tenants.for(tenantA).query("select 1"))).code).toBe("WT_TENANT_NOT_SERVED");
    await own.close();
    await db.admin.query(`select watertight.set_tenant_state('${tenantA}', 'active')`);
  });
});
