/**
 * Tenants with a schema of their own on one connection: what an unqualified name means is decided in each transaction, by the statement that opens the
 * context, in the same round trip; the fence has the last word. Beside each defence, what happens without it.
 */
import { countingProxy, type CountingProxy, describeServers } from "@watertight/testkit";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tenancy } from "../../../src/index.ts";
import { errorOf, fleetGround, type FleetGround, tenantA, tenantB } from "./fleet-ground.ts";

const page = "select body from page where id = $1";
const guest = "0d000000-0000-4000-8000-00000000000d";

describeServers((server) => {
  let ground: FleetGround;
  let proxy: CountingProxy;
  beforeAll(async () => {
    ground = await fleetGround(server);
    await ground.databases.schema.admin.query("select watertight.register_tenant($1)", [guest]);
    proxy = await countingProxy(server);
  });
  afterAll(async () => {
    await ground.close();
    await proxy.stop();
  });
  const backends = async (): Promise<number> => {
    const { admin, name } = ground.databases.schema;
    const { rows } = await admin.query<{ n: number }>(
      "select count(*)::int as n from pg_stat_activity where datname = $1 and pid <> pg_backend_pid()",
      [name],
    );
    return rows[0]!.n;
  };

  test.each(["named", "all", "none"] as const)(
    "prepare %s: each sees its own table, on one connection",
    async (prepare) => {
      const pool = ground.fleet("schema", { budget: 1, prepare });
      for (let i = 0; i < 4; i++) {
        for (const [tenant, body] of [
          [tenantA, "of A"],
          [tenantB, 2222],
        ] as const) {
          const db = pool.for(tenant);
          const named = { name: "one", text: page, values: [1] };
          expect((await db.query(page, [1])).rows).toEqual([{ body }]);
          expect((await db.query(named)).rows).toEqual([{ body }]);
          expect((await tenancy.run(tenant, () => pool.query(named))).rows).toEqual([{ body }]);
          const inside = await db.transaction(async (tx) => {
            const client = await tx.client.query(page, [1]);
            await tx.savepoint((inner) => inner.query(page, [1]));
            return [client.rows, (await tx.query(named)).rows];
          });
          expect(inside).toEqual([[{ body }], [{ body }]]);
          expect((await db.batch([{ text: page, values: [1] }]))[0]!.rows).toEqual([{ body }]);
          for await (const row of db.stream(page, [1])) expect(row).toEqual({ body });
        }
      }
      expect(pool.totalCount).toBe(1);
      expect(pool.stats().servers[0]!.opened).toBe(1);
      await pool.end();
    },
  );

  test("control: with the path in the session, the next tenant reads the last one's table", async () => {
    const plain = new pg.Pool({ connectionString: ground.databases.schema.appUrl, max: 1 });
    await plain.query(`set search_path = "t A"`);
    // B's request, which has not set its own.
    expect((await plain.query(page, [1])).rows).toEqual([{ body: "of A" }]);
    await plain.end();
  });

  test("control: one statement name for both schemas fails, as the server keeps the first one's result type", async () => {
    const client = new pg.Client({ connectionString: ground.databases.schema.appUrl });
    await client.connect();
    await client.query(`set search_path = "t A"`);
    const named = { name: "one", text: "select * from page where id = $1", values: [1] };
    expect((await client.query(named)).rows).toEqual([{ id: 1, body: "of A" }]);
    await client.query("set search_path = t_b");
    expect(await errorOf(client.query(named))).toMatchObject({ code: "0A000" });
    await client.end();
  });

  test("one write, one Sync, one round trip, also when the tenant and its schema change", async () => {
    const { appUrl } = ground.databases.schema;
    const pool = ground.fleet(
      (tenant) => {
        const location = ground.location("schema", tenant);
        return { ...location, config: { ...location.config, connectionString: proxy.url(appUrl) } };
      },
      { budget: 1 },
    );
    await pool.for(tenantB).query(page, [1]);
    for (const tenant of [tenantA, tenantA, tenantB])
      for (const name of [undefined, "named"]) {
        proxy.reset();
        expect((await pool.for(tenant).query({ text: page, values: [1], ...(name ? { name } : {}) })).rowCount).toBe(1);
        expect([proxy.roundTrips, proxy.writes, proxy.syncs]).toEqual([1, 1, 1]);
      }
    await pool.end();
  });

  test("nothing stays: the next tenant, who has no schema, has the path of the role", async () => {
    const pool = ground.fleet("schema", { budget: 1 });
    const path = async (tenant: string): Promise<unknown> =>
      (await pool.for(tenant).query("show search_path")).rows[0]!["search_path"];
    const usual = await path(guest);
    expect(await path(tenantA)).toBe('"t A", public, pg_temp');
    expect(await path(guest)).toBe(usual);
    // Also when A set another one for the session, and when a transaction of A failed.
    await pool.for(tenantA).query(`set search_path = "t A"`);
    expect(await path(guest)).toBe(usual);
    await errorOf(pool.for(tenantA).transaction((tx) => tx.query("select 1/0")));
    expect(await path(guest)).toBe(usual);
    expect(await errorOf(pool.for(guest).query(page, [1]))).toMatchObject({ code: "42P01" });
    expect(pool.stats().servers[0]!.opened).toBe(1);
    await pool.end();
  });

  test("a route that names another tenant's schema is refused by the fence; without the fence's check it reads that", async () => {
    const asked: boolean[] = [];
    const pool = ground.fleet(
      (tenant, refresh) => {
        asked.push(refresh);
        return ground.location("schema", tenant, { id: "wrong", schema: "t_b" });
      },
      { budget: 1 },
    );
    expect(await errorOf(pool.for(tenantA).query(page, [1]))).toMatchObject({ code: "WT_TENANT_NOT_SERVED" });
    expect(asked).toEqual([false, true]);
    const { admin } = ground.databases.schema;
    const before = await admin.query<{ source: string }>(
      "select pg_get_functiondef('watertight.tenant_path(text,text[])'::regprocedure) as source",
    );
    await admin.query(
      "create or replace function watertight.tenant_path(schema_name text, shared text[]) returns text language sql as 'select $1'",
    );
    expect((await pool.for(tenantA).query(page, [1])).rows).toEqual([{ body: 2222 }]);
    await admin.query(before.rows[0]!.source);
    await pool.end();
  });

  test("a schema that was renamed: the route is asked again, and the tenant is served", async () => {
    const { admin } = ground.databases.schema;
    let schema = "t_b";
    const pool = ground.fleet((tenant) => ground.location("schema", tenant, { id: schema, schema }), { budget: 1 });
    expect((await pool.for(tenantB).query(page, [1])).rows).toEqual([{ body: 2222 }]);
    await admin.query(`alter schema t_b rename to "t_b2"`);
    await admin.query("select watertight.set_tenant_schema($1, 't_b2')", [tenantB]);
    schema = "t_b2";
    expect((await pool.for(tenantB).query(page, [1])).rows).toEqual([{ body: 2222 }]);
    await admin.query(`alter schema "t_b2" rename to t_b`);
    await admin.query("select watertight.set_tenant_schema($1, 't_b')", [tenantB]);
    await pool.end();
  });

  test("a shared path never holds another tenant's schema", async () => {
    const pool = ground.fleet("schema", { budget: 1, sharedSchemas: ["t_b", "public"] });
    expect((await pool.for(tenantA).query("show search_path")).rows).toEqual([
      { search_path: '"t A", public, pg_temp' },
    ]);
    await pool.end();
  });

  test("a connection that looked into many schemas is renewed", async () => {
    const pool = ground.fleet("schema", { budget: 1, schemasPerConnection: 1 });
    for (const tenant of [tenantA, tenantB, tenantA, tenantB]) await pool.for(tenant).query(page, [1]);
    expect(pool.stats().servers[0]).toMatchObject({ opened: 2, peak: 1 });
    await pool.end();
    await expect.poll(backends, { timeout: 5000 }).toBe(0);
  });
});
