/** What a fleet does beside isolation: roles, moves, queues, connections that break, and that it is a pool like any other. */
import { setTimeout as sleep } from "node:timers/promises";
import { describeServers } from "@watertight/testkit";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fleetPool, QueueError } from "../../../src/fleet/index.ts";
import { isWatertightError, tenancy } from "../../../src/index.ts";
import { silentRelay } from "./silent-relay.ts";
import { errorOf, fleetGround, type FleetGround, type Model, tenantA, tenantB } from "./fleet-ground.ts";

const count = "select count(*)::int as n from note";
const models: readonly Model[] = ["pool", "schema", "database"];

describeServers((server) => {
  let ground: FleetGround;
  beforeAll(async () => {
    ground = await fleetGround(server);
  });
  afterAll(() => ground.close());

  test("is a pool of the user's own pg, and counts as one", async () => {
    const pool = ground.fleet("database");
    expect(pool).toBeInstanceOf(pg.Pool);
    const seen: string[] = [];
    for (const event of ["connect", "acquire", "release", "remove"] as const) pool.on(event, () => seen.push(event));
    const client = await tenancy.run(tenantA, () => pool.connect());
    expect((await tenancy.run(tenantA, () => client.query(count))).rows).toEqual([{ n: 20 }]);
    expect([pool.totalCount, pool.idleCount, pool.waitingCount]).toEqual([1, 0, 0]);
    client.release();
    expect([pool.totalCount, pool.idleCount]).toEqual([1, 1]);
    expect(await errorOf(client.query(count))).toMatchObject({ code: "WT_SCOPE_ENDED" });
    expect(await errorOf(pool.query("select 1"))).toMatchObject({ code: "WT_NO_TENANT" });
    expect((await pool.ready(tenantB)).level).toBe("sealed");
    await pool.end();
    expect(seen).toEqual(["connect", "acquire", "release", "connect", "acquire", "release", "remove", "remove"]);
    expect(pool.totalCount).toBe(0);
    await expect(pool.for(tenantA).query(count)).rejects.toThrow(/calling end/);
  });

  test("all models behind the same code, at once, on one budget", async () => {
    const place: Record<string, Model> = {};
    for (const model of models) {
      place[tenantA] = model;
      place[tenantB] = models[(models.indexOf(model) + 1) % 3]!;
      const pool = ground.fleet((tenant) => ground.location(place[tenant]!, tenant), { budget: 2 });
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, i) =>
          pool.for(i % 2 ? tenantA : tenantB).query("select min(id) as id from note"),
        ),
      );
      expect(answers.map(({ rows }) => rows[0]!["id"])).toEqual(Array.from({ length: 20 }, (_, i) => (i % 2 ? 1 : 21)));
      expect(pool.stats().servers).toHaveLength(1);
      expect(pool.stats().servers[0]!.peak).toBeLessThanOrEqual(2);
      await pool.end();
    }
  });

  test.each(models)("model %s: readOnly uses a role that the server lets read only", async (model) => {
    const pool = ground.fleet(model);
    const reader = pool.for(tenantA, { readOnly: true });
    expect((await reader.query(count)).rows).toEqual([{ n: 20 }]);
    expect((await reader.query("select current_user::text as u")).rows).toEqual([
      { u: ground.databases.pool.roles.readonly },
    ]);
    const insert = ["insert into note values ($1, 950, 'x')", [tenantA]] as const;
    for (const work of [
      () => reader.query(...insert),
      () => reader.batch([{ text: insert[0], values: insert[1] }]),
      () => reader.transaction((tx) => tx.query(...insert)),
    ])
      expect(await errorOf(work)).toMatchObject({ code: "WT_ACCESS_DENIED", sqlstate: "42501" });
    for await (const row of reader.stream("select id from note where id = 3")) expect(row).toEqual({ id: 3 });
    // The same statement by the ordinary handle is the control: it is the role that refuses.
    await pool.for(tenantA).query(...insert);
    expect((await pool.for(tenantA).query("delete from note where id = 950")).rowCount).toBe(1);
    await pool.end();
  });

  test("readOnly where the location has no such role is refused", async () => {
    const pool = ground.fleet((tenant) => ({ ...ground.location("pool", tenant), readOnly: undefined }));
    expect(await errorOf(pool.for(tenantA, { readOnly: true }).query(count))).toMatchObject({ code: "WT_CONFIG" });
    await pool.end();
  });

  test.each([
    ["pool", "database"],
    ["database", "schema"],
    ["schema", "pool"],
  ] as const)("a tenant that moved from %s to %s is followed once", async (from, to) => {
    let at: Model = from;
    const pool = ground.fleet((tenant) => ground.location(at, tenant));
    const reroutes: unknown[] = [];
    const off = tenancy.on("reroute", (event) => reroutes.push(event));
    const a = pool.for(tenantA);
    expect((await a.query(count)).rows).toEqual([{ n: 20 }]);
    const { admin } = ground.databases[from === "database" ? "A" : from];
    await admin.query("select watertight.set_tenant_state($1, 'moved', $2)", [tenantA, JSON.stringify({ id: to })]);
    at = to;
    for (const work of [
      () => a.query(count),
      () => a.transaction((tx) => tx.query(count)),
      () => tenancy.run(tenantA, () => pool.query(count)),
    ])
      expect((await work()).rows).toEqual([{ n: 20 }]);
    expect(reroutes).toEqual([{ tenant: tenantA, location: ground.location(to, tenantA).id }]);
    await admin.query("select watertight.set_tenant_state($1, 'active')", [tenantA]);
    off();
    await pool.end();
  });

  test.each(models)("model %s: a suspended tenant is refused, and served again afterwards", async (model) => {
    const pool = ground.fleet(model);
    const { admin } = ground.databases[model === "database" ? "A" : model];
    await pool.for(tenantA).query(count);
    await admin.query("select watertight.set_tenant_state($1, 'suspended')", [tenantA]);
    const refused = await errorOf(pool.for(tenantA).query(count));
    expect(refused).toMatchObject({ code: "WT_TENANT_NOT_SERVED", sqlstate: "WT002", retryable: true });
    expect(refused.message).toContain("suspended");
    expect((await pool.for(tenantB).query(count)).rows).toEqual([{ n: 20 }]);
    await admin.query("select watertight.set_tenant_state($1, 'active')", [tenantA]);
    expect((await pool.for(tenantA).query(count)).rows).toEqual([{ n: 20 }]);
    await pool.end();
  });

  test("a full queue and a call that waited too long are typed refusals, of this tenant alone", async () => {
    const pool = ground.fleet(
      (tenant) => ground.location("pool", tenant, { limits: tenant === tenantA ? { cap: 1, queueLimit: 2 } : {} }),
      { budget: 3, queueTimeoutMs: 150 },
    );
    const slow = "select pg_sleep(0.6)";
    await pool.ready(tenantA);
    const running = pool.for(tenantA).query(slow);
    await sleep(50);
    const waiting = [1, 2].map(() => errorOf(pool.for(tenantA).query(count)));
    const full = await errorOf(pool.for(tenantA).query(count));
    expect(full).toBeInstanceOf(QueueError);
    expect(isWatertightError(full)).toBe(true);
    expect(full).toMatchObject({ code: "WT_QUEUE_FULL", retryable: true, sqlstate: undefined });
    expect((full as QueueError).retryAfterMs).toBeGreaterThanOrEqual(100);
    expect((await pool.for(tenantB).query(count)).rows).toEqual([{ n: 20 }]);
    for (const late of await Promise.all(waiting))
      expect(late).toMatchObject({ code: "WT_QUEUE_TIMEOUT", retryable: true });
    await running;
    expect((await pool.for(tenantA).query(count)).rows).toEqual([{ n: 20 }]);
    expect(pool.stats().servers[0]).toMatchObject({ queueFull: 1, queueTimeout: 2, waiting: 0 });
    await pool.end();
  });

  test("a call that is aborted while it waits leaves the queue", async () => {
    const pool = ground.fleet("pool", { budget: 1 });
    await pool.ready(tenantA);
    const running = pool.for(tenantA).query("select pg_sleep(0.3)");
    await sleep(50);
    const controller = new AbortController();
    const waiting = errorOf(pool.for(tenantB).query(count, [], { signal: controller.signal }));
    await sleep(20);
    expect(pool.waitingCount).toBe(1);
    controller.abort();
    expect(await waiting).toMatchObject({ code: "WT_ABORTED" });
    expect(pool.waitingCount).toBe(0);
    await running;
    await pool.end();
  });

  test("an aborted statement's connection counts until the server has let go of it", async () => {
    const pool = ground.fleet("pool", { budget: 1 });
    await pool.ready(tenantA);
    const controller = new AbortController();
    const aborted = errorOf(pool.for(tenantA).query("select pg_sleep(30)", [], { signal: controller.signal }));
    await sleep(100);
    controller.abort();
    expect(await aborted).toMatchObject({ code: "WT_ABORTED" });
    // Its slot is not free, the backend may still be there; the next call waits for its end.
    expect(pool.totalCount).toBe(1);
    expect((await pool.for(tenantB).query(count)).rows).toEqual([{ n: 20 }]);
    expect(pool.stats().servers[0]).toMatchObject({ opened: 2, peak: 1, unconfirmed: 0 });
    const { admin, name } = ground.databases.pool;
    const asleep = await admin.query("select from pg_stat_activity where datname = $1 and query ~ '^select pg_sleep'", [
      name,
    ]);
    expect(asleep.rowCount).toBe(0);
    await pool.end();
  });

  test("connections that the server ends are replaced, and listeners are told", async () => {
    const pool = ground.fleet("pool", { budget: 2 });
    const errors: unknown[] = [];
    pool.on("error", (error) => errors.push(error));
    await Promise.all([1, 2].map(() => pool.for(tenantA).query("select pg_sleep(0.05)")));
    expect(pool.totalCount).toBe(2);
    const { admin, name } = ground.databases.pool;
    await admin.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and pid <> pg_backend_pid()",
      [name],
    );
    await expect.poll(() => pool.totalCount, { timeout: 5000 }).toBe(0);
    expect(errors).toHaveLength(2);
    expect((await pool.for(tenantA).query(count)).rows).toEqual([{ n: 20 }]);
    await pool.end();
  });

  test("a connection whose close nobody confirms counts for its time, and is told", async () => {
    const relay = await silentRelay(server);
    const warnings: string[] = [];
    const off = tenancy.on("warning", ({ message }) => warnings.push(message));
    const pool = ground.fleet(
      (tenant) => {
        const { config, ...rest } = ground.location("pool", tenant);
        const url = new URL(ground.databases.pool.appUrl);
        url.host = `127.0.0.1:${relay.port}`;
        return { ...rest, config: { ...config, connectionString: url.href } };
      },
      { budget: 1, closeTimeoutMs: 300 },
    );
    await pool.ready(tenantA);
    relay.silent = true;
    const controller = new AbortController();
    const aborted = errorOf(pool.for(tenantA).query(count, [], { signal: controller.signal }));
    await sleep(50);
    controller.abort();
    expect(await aborted).toMatchObject({ code: "WT_ABORTED" });
    // The cancel has two seconds, then the socket is closed on our side, and counts on.
    await expect.poll(() => pool.stats().servers[0]!.unconfirmed, { timeout: 8000 }).toBe(1);
    expect(pool.totalCount).toBe(1);
    relay.silent = false;
    await expect.poll(() => pool.totalCount, { timeout: 2000 }).toBe(0);
    expect((await pool.for(tenantA).query(count)).rows).toEqual([{ n: 20 }]);
    expect(warnings).toHaveLength(1);
    off();
    await pool.end();
    relay.stop();
  });

  test("one noisy tenant: the quiet ones are served long before its queue is empty; in one line they are not", async () => {
    const ahead = async (order: "fair" | "fifo"): Promise<number> => {
      const pool = ground.fleet("pool", { budget: 2, order, queueLimit: 1000, queueTimeoutMs: 30_000 });
      await pool.ready(tenantA);
      let left = 100;
      const noise = Array.from({ length: left }, async () => {
        await pool.for(tenantA).query("select pg_sleep(0.01)");
        left--;
      });
      for (let i = 0; i < 3; i++) await pool.for(tenantB).query(count);
      const found = left;
      await Promise.all(noise);
      await pool.end();
      return found;
    };
    expect(await ahead("fair")).toBeGreaterThan(60);
    expect(await ahead("fifo")).toBeLessThan(20);
  });

  test("a kit that knows no tenants' schemas is refused for a schema tenant", async () => {
    const { admin } = ground.databases.schema;
    await admin.query("create table kit_before as select * from watertight.migration");
    await admin.query("delete from watertight.migration where number >= 9");
    const pool = ground.fleet("schema");
    expect(await errorOf(pool.for(tenantA).query(count))).toMatchObject({ code: "WT_KIT_TOO_OLD" });
    await admin.query("insert into watertight.migration select * from kit_before where number >= 9");
    await pool.end();
    const fresh = ground.fleet("schema");
    expect((await fresh.for(tenantA).query(count)).rows).toEqual([{ n: 20 }]);
    await fresh.end();
  });

  test("a location that can't be reached fails its own calls, and costs no slot", async () => {
    const pool = ground.fleet(
      (tenant) =>
        tenant === tenantA
          ? ground.location("pool", tenant)
          : {
              id: "nowhere",
              server: "one",
              config: { ...ground.location("pool", tenant).config, connectionString: "postgres://u@127.0.0.1:1/x" },
            },
      { budget: 1 },
    );
    expect(await errorOf(pool.for(tenantB).query(count))).toMatchObject({ code: "ECONNREFUSED" });
    expect((await pool.for(tenantA).query(count)).rows).toEqual([{ n: 20 }]);
    await expect.poll(() => pool.totalCount).toBe(1);
    await pool.end();
  });

  test("a database that is gone: the route is asked again at once; forget() asks again for new limits", async () => {
    const asked: unknown[] = [];
    let limits = {};
    let gone = true;
    const pool = ground.fleet((tenant, refresh) => {
      asked.push(refresh);
      const there = ground.location("pool", tenant, { limits });
      if (!gone || refresh) return there;
      const url = new URL(ground.databases.pool.appUrl);
      url.pathname = "/gone";
      return { ...there, id: "gone", config: { ...there.config, connectionString: url.href } };
    });
    expect((await pool.for(tenantA).query(count)).rows).toEqual([{ n: 20 }]);
    expect(asked).toEqual([false, true]);
    gone = false;
    limits = { queueLimit: 0, cap: 1 };
    pool.forget(tenantA);
    const both = await Promise.allSettled([1, 2].map(() => pool.for(tenantA).query("select pg_sleep(0.1)")));
    expect(both.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    expect(asked.length).toBeGreaterThan(2);
    await pool.end();
  });

  test("an id that finds no row is reported out of band, within the budget", async () => {
    const pool = ground.fleet("database", { budget: 1 });
    expect(await errorOf(pool.for(tenantA).requireRow("note", { id: 21 }))).toMatchObject({ code: "WT_ROW_NOT_FOUND" });
    const events = async (): Promise<unknown[]> =>
      (await ground.databases.A.admin.query("select kind from watertight.event where tenant = $1", [tenantA])).rows;
    await expect.poll(events, { timeout: 2000 }).toEqual([{ kind: "cross_tenant_probe" }]);
    expect(pool.stats().servers[0]!.peak).toBe(1);
    await pool.end();
  });

  test("options and locations that make no sense are refused", async () => {
    const routes = { locate: async () => ground.location("pool", tenantA) };
    for (const options of [{ budget: 0 }, { budget: 1.5 }, { budget: 5, instances: 0 }, { budget: 5, connectRate: 0 }])
      expect(
        await errorOf(async () => {
          const pool = fleetPool(pg, { routes, key: ground.databases.pool.key, ...options });
          await pool.for(tenantA).query("select 1");
        }),
      ).toMatchObject({ code: "WT_CONFIG" });
    const pool = ground.fleet((tenant) => ({ ...ground.location("pool", tenant), model: "schema" as const }));
    expect(await errorOf(pool.for(tenantA).query("select 1"))).toMatchObject({ code: "WT_CONFIG" });
    await pool.end();
  });

  test("a connection string and fields that replace a part of it", async () => {
    const { appUrl, roles } = ground.databases.pool;
    const pool = ground.fleet(
      (tenant) => {
        const { config, ...rest } = ground.location("database", tenant);
        const { key } = config as { key: string };
        const database = ground.databases[tenant === tenantA ? "A" : "B"].name;
        return { ...rest, config: { key, database } };
      },
      { connectionString: appUrl } as object,
    );
    for (const readOnly of [false, true]) {
      const { rows } = await pool
        .for(tenantB, { readOnly })
        .query("select current_database()::text as db, current_user::text as u");
      expect(rows).toEqual([{ db: ground.databases.B.name, u: readOnly ? roles.readonly : roles.app }]);
    }
    await pool.end();
  });
});
