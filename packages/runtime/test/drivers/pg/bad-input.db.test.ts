/** Bad input and bad set-ups: a typed error with code, cause and next step, and nothing sent or written. */
import { countingProxy, type CountingProxy, createDatabase, describeServers } from "@watertight/testkit";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type TenantDb, tenantPool } from "../../../src/drivers/pg/index.ts";
import { parseKeys, tenancy, TokenSource, WatertightError } from "../../../src/index.ts";
import { errorOf, tenantA, tenantB, type TenantDatabase, tenantDatabase } from "../../fixture/tenant-database.ts";

describeServers((server) => {
  let db: TenantDatabase;
  let proxy: CountingProxy;
  beforeAll(async () => {
    db = await tenantDatabase(server);
    proxy = await countingProxy(server);
  });
  afterAll(async () => {
    await db.close();
    await proxy.stop();
  });
  const count = "select count(*)::int as n from note";
  const typed = (error: unknown, code: string): void => {
    expect(error).toBeInstanceOf(WatertightError);
    expect(error).toMatchObject({ code });
    expect((error as WatertightError).hint.length).toBeGreaterThan(5);
  };

  test.each<[string, unknown]>([
    ["not a uuid", "tenant-a"],
    ["a number", 42],
    ["empty", ""],
    ["one megabyte", "x".repeat(1 << 20)],
    ["quotes", "'; select 1; --"],
    ["NUL", `${tenantA.slice(0, -1)}\0`],
    ["null", null],
    ["an object", { toString: () => tenantA }],
  ])("tenant id: %s", async (_name, id) => {
    const pool = db.pool({ connectionString: proxy.url(db.appUrl), max: 1 });
    await pool.for(tenantA).query("select 1");
    proxy.reset();
    typed(await errorOf(async () => pool.for(id as string).query(count)), "WT_TENANT_INVALID");
    typed(await errorOf(tenancy.run(id as string, () => pool.query(count) as Promise<unknown>)), "WT_TENANT_INVALID");
    expect(proxy.writes).toBe(0);
  });

  test("an unregistered tenant", async () => {
    const error = await errorOf(db.pool().for("0c000000-0000-4000-8000-00000000000c").query(count));
    typed(error, "WT_TENANT_NOT_SERVED");
    expect(error.cause).toMatchObject({ code: "WT002" });
  });

  test("a suspended tenant", async () => {
    await db.admin.query(`select watertight.set_tenant_state('${tenantB}', 'suspended')`);
    const error = await errorOf(db.pool().for(tenantB).query(count));
    typed(error, "WT_TENANT_NOT_SERVED");
    expect(error).toMatchObject({ retryable: true });
    await db.admin.query(`select watertight.set_tenant_state('${tenantB}', 'active')`);
  });

  test("keys: none, malformed, unknown, wrong secret; the key is never shown", async () => {
    const config = { connectionString: db.appUrl };
    delete process.env["WATERTIGHT_KEY"];
    typed(await errorOf(() => tenantPool(pg, config)), "WT_KEY_INVALID");
    typed(await errorOf(() => tenantPool(pg, { ...config, key: "nonsense" })), "WT_KEY_INVALID");
    const other = Buffer.alloc(32, 9).toString("base64url");
    for (const key of [`zz99:${other}`, `${db.key.split(":")[0]}:${other}`]) {
      const error = await errorOf(db.pool({ key }).for(tenantA).query(count));
      typed(error, "WT_TOKEN_REFUSED");
      const shown = `${error.message} ${JSON.stringify(error)} ${JSON.stringify(error.cause)}`;
      expect(shown).not.toContain(other);
      expect(shown).not.toMatch(/[0-9a-f]{64}/);
    }
  });

  test.each<[string, (token: string) => string]>([
    ["truncated", (token) => token.slice(0, -10)],
    ["empty", () => "\\x"],
    ["one bit flipped", (token) => token.slice(0, 10) + (token[10] === "0" ? "1" : "0") + token.slice(11)],
    ["other tenant", (token) => token.slice(0, -2) + "62"],
  ])("token: %s", async (_name, spoil) => {
    const pool = db.pool({ max: 1 });
    const engine = (pool as unknown as { engine: { tokens: TokenSource } }).engine;
    const mint = engine.tokens.mint.bind(engine.tokens);
    engine.tokens.mint = (tenant, pid) => spoil(mint(tenant, pid));
    typed(await errorOf(pool.for(tenantA).query(count)), "WT_TOKEN_REFUSED");
    expect(pool.totalCount).toBe(1);
  });

  test("clocks that drifted apart: the token is expired, the clock measured again, the call repeated", async () => {
    const pool = db.pool({ max: 1 });
    await pool.ready();
    const engine = (pool as unknown as { engine: { tokens: TokenSource } }).engine;
    engine.tokens.clockOffsetMs = -3_600_000;
    expect((await pool.for(tenantA).query(count)).rows).toEqual([{ n: 20 }]);
    expect(Math.abs(engine.tokens.clockOffsetMs)).toBeLessThan(60_000);
    engine.tokens.clockOffsetMs = -3_600_000;
    (engine as unknown as { generation: number }).generation++;
    expect(await pool.for(tenantA).transaction(async (tx) => (await tx.query(count)).rows)).toEqual([{ n: 20 }]);
    const [key] = parseKeys(db.key);
    const frozen = new TokenSource([key], 2);
    const expired = frozen.mint(tenantA, 0);
    engine.tokens.mint = () => expired;
    await new Promise((resolve) => setTimeout(resolve, 3100));
    (engine as unknown as { generation: number }).generation++;
    expect(await errorOf(pool.for(tenantA).query(count))).toMatchObject({
      code: "WT_TOKEN_REFUSED",
      cause: { detail: "expired" },
    });
  });

  test("kit missing: refused, tried again on next use, nothing of the query sent", async () => {
    const bare = await createDatabase(server);
    const pool = tenantPool(pg, { connectionString: proxy.url(bare.adminUrl), key: db.key, max: 1 });
    for (let i = 0; i < 2; i++)
      typed(await errorOf(pool.for(tenantA).query("create table evidence ()")), "WT_KIT_MISSING");
    expect((await bare.admin.query("select to_regclass('evidence') as r")).rows).toEqual([{ r: null }]);
    await pool.end();
    await bare.drop();
  });

  test.each<[string, (own: TenantDatabase) => Promise<object>, string]>([
    ["superuser as app role", async (own) => ({ connectionString: own.adminUrl }), "WT_ROLE_UNSAFE"],
    ["owner as app role", async (own) => ({ connectionString: own.url(own.roles.migrator) }), "WT_ROLE_UNSAFE"],
    [
      "role not hardened",
      async (own) => {
        await own.admin.query(`grant temporary on database ${pg.escapeIdentifier(own.name)} to ${own.roles.app}`);
        return {};
      },
      "WT_ROLE_NOT_HARDENED",
    ],
    ["other level", async () => ({ level: "plain" as const }), "WT_LEVEL_MISMATCH"],
    [
      "kit too old",
      async (own) => {
        await own.admin.query("delete from watertight.migration");
        return {};
      },
      "WT_KIT_TOO_OLD",
    ],
  ])("%s", async (_name, prepare, code) => {
    const own = await tenantDatabase(server);
    const options = await prepare(own);
    typed(await errorOf(own.pool(options).for(tenantA).query(count)), code);
    await own.close();
  });

  test("options that are not accepted", async () => {
    const base = { connectionString: db.appUrl, key: db.key };
    const table: [object, string][] = [
      [{ level: "open" }, "WT_CONFIG"],
      [{ tenantIdType: "int" }, "WT_CONFIG"],
      [{ tokenLifeSeconds: 0 }, "WT_CONFIG"],
      [{ statementTimeoutMs: -1 }, "WT_CONFIG"],
      [{ pipeline: true }, "WT_DRIVER_UNSUPPORTED"],
    ];
    for (const [options, code] of table)
      typed(await errorOf(() => tenantPool(pg, { ...base, ...options } as never)), code);
    const old = { ...pg, Client: class extends pg.Client {} };
    Object.defineProperty(old.Client.prototype, "getTransactionStatus", { value: undefined });
    typed(await errorOf(() => tenantPool(old, base)), "WT_DRIVER_UNSUPPORTED");
  });

  test("a moved tenant is followed once, transparently, by query, batch and transaction", async () => {
    const there = await tenantDatabase(server);
    const homes: Record<string, TenantDatabase> = { here: db, there };
    const asked: unknown[] = [];
    const reroutes: unknown[] = [];
    const off = tenancy.on("reroute", (event) => reroutes.push(event));
    for (const work of ["query", "batch", "transaction"] as const) {
      let at = "here";
      const pool = db.pool({
        routes: {
          async locate(tenant, hint) {
            asked.push([tenant, hint]);
            if (hint?.refresh) at = "there";
            const home = homes[at]!;
            return { id: at, config: { connectionString: home.appUrl, key: home.key } };
          },
        },
      });
      const a = pool.for(tenantA);
      expect((await a.query(count)).rows).toEqual([{ n: 20 }]);
      await db.admin.query(`select watertight.set_tenant_state('${tenantA}', 'moved', '{"id":"there"}')`);
      const run = {
        query: () => a.query(count),
        batch: async () => (await a.batch([{ text: count }]))[0]!,
        transaction: () => a.transaction((tx) => tx.query(count)),
      };
      expect((await run[work]()).rows).toEqual([{ n: 20 }]);
      expect(asked.at(-1)).toEqual([tenantA, { refresh: true, goto: { id: "there" } }]);
      await db.admin.query(`select watertight.set_tenant_state('${tenantA}', 'active')`);
    }
    expect(reroutes).toEqual(Array.from({ length: 3 }, () => ({ tenant: tenantA, location: "there" })));
    off();
    await there.close().catch(() => {});
  });

  test("a stale snapshot of the context is retried (40001 of the epoch), and no other 40001", async () => {
    // A kit that finds its snapshot stale a given number of times before it opens.
    await db.admin
      .query(`create sequence tries; create table stale (times int, name text); grant all on sequence tries to ${db.roles.app};
      alter function watertight.open(bytea) rename to open_at_last;
      create function watertight.open(token bytea) returns void language plpgsql security definer as $$
      begin
        if nextval('public.tries') <= (select times from public.stale) then
          raise exception using errcode = '40001', constraint = (select name from public.stale);
        end if;
        perform watertight.open_at_last(token);
      end $$`);
    const tries = async (times: number, name: string, work: (db: TenantDb) => Promise<unknown>): Promise<unknown[]> => {
      const pool = db.pool({ max: 1 });
      await pool.ready();
      await db.admin.query("alter sequence tries restart; delete from stale");
      await db.admin.query("insert into stale values ($1, $2)", [times, name]);
      const outcome = await work(pool.for(tenantA)).catch((error: { code?: string }) => error.code);
      return [outcome, (await db.admin.query("select last_value::int as n from tries")).rows[0].n];
    };
    const query = async (db: TenantDb): Promise<unknown> => (await db.query("select 1 as a")).rowCount;
    const batch = async (db: TenantDb): Promise<unknown> =>
      (await db.batch([{ text: "select 1" }, { text: "select 2" }]))[1]?.rowCount;
    const transaction = (db: TenantDb): Promise<unknown> => db.transaction(query as never);
    for (const work of [query, batch, transaction]) {
      expect(await tries(3, "watertight_epoch", work)).toEqual([1, 4]);
      expect(await tries(4, "watertight_epoch", work)).toEqual(["40001", 4]);
      expect(await tries(1, "other", work)).toEqual(["40001", 1]);
    }
    const imitated = `do $$ begin perform nextval('tries'); raise exception using errcode = '40001', constraint = 'watertight_epoch'; end $$`;
    expect(await tries(0, "", (db) => db.query(imitated))).toEqual(["40001", 2]);
  });
});
