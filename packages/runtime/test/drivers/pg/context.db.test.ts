/** Whose context a query runs in: captured at the call, never lost to another request, never two at once. */
import { countingProxy, type CountingProxy, describeServers } from "@watertight/testkit";
import { AsyncLocalStorage } from "node:async_hooks";
import Cursor from "pg-cursor";
import copyStreams from "pg-copy-streams";
import pg from "pg";
import QueryStream from "pg-query-stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tenantPool } from "../../../src/drivers/pg/index.ts";
import { tenancy } from "../../../src/index.ts";
import {
  errorOf,
  type Level,
  tenantA,
  tenantB,
  type TenantDatabase,
  tenantDatabase,
} from "../../fixture/tenant-database.ts";

describeServers((server) => {
  const databases = new Map<Level, TenantDatabase>();
  let proxy: CountingProxy;
  beforeAll(async () => {
    for (const level of ["plain", "sealed", "hostile"] as const)
      databases.set(level, await tenantDatabase(server, level));
    proxy = await countingProxy(server);
  });
  afterAll(async () => {
    for (const db of databases.values()) await db.close();
    await proxy.stop();
  });
  const sealed = (): TenantDatabase => databases.get("sealed")!;
  const proxied = (level: Level = "sealed", options: object = {}): ReturnType<TenantDatabase["pool"]> => {
    const db = databases.get(level)!;
    return db.pool({ connectionString: proxy.url(db.appUrl), max: 1, ...options });
  };

  test.each<[string, string, unknown[]]>([
    ["SELECT", "select body from note where id = $1", [1]],
    ["INSERT", "insert into note values ($1, $2, $3)", [tenantA, 900, "x"]],
    ["UPDATE", "update note set body = $2 where id = $1", [900, "y"]],
    ["DELETE", "delete from note where id = $1", [900]],
  ])("one round trip, one write, one Sync: %s", async (_name, text, values) => {
    for (const level of ["plain", "sealed", "hostile"] as const) {
      for (const name of [undefined, "named"]) {
        const pool = proxied(level);
        const query = { text, values, ...(name ? { name } : {}) };
        // Warm up with the tenant that changes nothing, so that the counted call also resets.
        await pool.for(tenantB).query(text.startsWith("insert") ? "select 1" : query);
        proxy.reset();
        expect((await pool.for(tenantA).query(query)).rowCount).toBe(1);
        expect({ roundTrips: proxy.roundTrips, writes: proxy.writes, syncs: proxy.syncs }).toEqual({
          roundTrips: 1,
          writes: 1,
          syncs: 1,
        });
        if (text.startsWith("insert")) await pool.for(tenantA).query("delete from note where id = 900");
        if (text.startsWith("delete"))
          await pool.for(tenantA).query("insert into note values ($1, $2, $3)", [tenantA, 900, "x"]);
        if (text.startsWith("update") && level === "hostile" && name) continue;
        await pool.end();
      }
    }
    if (text.startsWith("insert"))
      for (const db of databases.values()) await db.pool().for(tenantA).query(text, values);
    if (text.startsWith("delete"))
      for (const db of databases.values()) await db.pool().for(tenantA).query("delete from note where id = 900");
  });

  test("a transaction of k statements takes k + 2 round trips, a batch one", async () => {
    const pool = proxied();
    await pool.for(tenantA).query("select 1");
    proxy.reset();
    await pool.for(tenantA).transaction(async (tx) => {
      await tx.query("select 1");
      await tx.query("select 2");
    });
    expect(proxy.roundTrips).toBe(4);
    proxy.reset();
    await pool.for(tenantA).batch([{ text: "select 1" }, { text: "select 2" }, { text: "select 3" }]);
    expect({ roundTrips: proxy.roundTrips, syncs: proxy.syncs }).toEqual({ roundTrips: 1, syncs: 1 });
  });

  test("the simple protocol is never used", async () => {
    const pool = proxied();
    proxy.reset();
    await pool.for(tenantA).query("select 1");
    await tenancy.run(tenantA, async () => {
      const client = await pool.connect();
      for (const text of ["begin", "select 1", "savepoint a", "rollback to savepoint a", "select 2", "rollback"])
        await client.query(text);
      client.release();
    });
    expect(proxy.frontend["Q"] ?? 0).toBe(0);
  });

  test("without a tenant nothing is sent", async () => {
    const pool = proxied();
    await pool.for(tenantA).query("select 1");
    const missing: unknown[] = [];
    const off = tenancy.on("missing-context", (event) => missing.push(event));
    const client = await pool.connect();
    proxy.reset();
    expect((await errorOf(client.query("select 1"))).code).toBe("WT_NO_TENANT");
    client.release();
    expect((await errorOf(pool.query("select 1"))).code).toBe("WT_NO_TENANT");
    expect(
      await new Promise((resolve) => pool.query("select 1", (error: Error & { code?: string }) => resolve(error.code))),
    ).toBe("WT_NO_TENANT");
    expect(proxy.writes).toBe(0);
    expect(missing).toHaveLength(3);
    off();
  });

  test("two tenants that disagree: nothing is sent", async () => {
    const pool = proxied();
    await pool.for(tenantA).query("select 1");
    const client = await tenancy.run(tenantA, () => pool.connect());
    proxy.reset();
    await tenancy.run(tenantB, async () => {
      expect((await errorOf(client.query("select 1"))).code).toBe("WT_TENANT_MISMATCH");
      expect((await errorOf(pool.for(tenantA).query("select 1"))).code).toBe("WT_TENANT_MISMATCH");
      expect((await errorOf(pool.for(tenantA).batch([{ text: "select 1" }]))).code).toBe("WT_TENANT_MISMATCH");
      expect((await errorOf(pool.for(tenantA).transaction(async () => 1))).code).toBe("WT_TENANT_MISMATCH");
      expect((await errorOf(pool.for(tenantA).requireRow("note", { id: 1 }))).code).toBe("WT_TENANT_MISMATCH");
    });
    expect(proxy.writes).toBe(0);
    // Lost context: the lease knows its tenant.
    expect((await client.query("select min(id) as id from note")).rows).toEqual([{ id: 1 }]);
    client.release();
  });

  test("spelling of a uuid does not matter", async () => {
    const pool = sealed().pool();
    await tenancy.run(tenantA.toUpperCase(), async () => {
      expect((await pool.for(tenantA).query("select count(*)::int as n from note")).rows).toEqual([{ n: 20 }]);
    });
  });

  test("an exhausted pool answers each request as its own tenant", async () => {
    const pool = sealed().pool({ max: 1 });
    const ask = (tenant: string): Promise<boolean> =>
      tenancy.run(tenant, async () => {
        const id = ((await pool.query("select min(id) as id from note")) as { rows: { id: number }[] }).rows[0]!.id;
        const viaCallback = await new Promise<unknown>((resolve, reject) =>
          pool.query("select min(id) as id from note", (error: Error, result: pg.QueryResult) =>
            error ? reject(error) : resolve([result.rows[0].id, tenancy.current()]),
          ),
        );
        const viaConnect = await new Promise<unknown>((resolve, reject) =>
          pool.connect((error, client, release) => {
            if (error || !client) return reject(error);
            const seen = tenancy.current();
            client.query("select min(id) as id from note", (failed: Error, result: pg.QueryResult) => {
              release();
              if (failed) reject(failed);
              else resolve([result.rows[0].id, seen]);
            });
          }),
        );
        const right = tenant === tenantA ? 1 : 21;
        return (
          id === right &&
          String(viaCallback) === String([right, tenant]) &&
          String(viaConnect) === String([right, tenant])
        );
      });
    const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => ask(i % 2 ? tenantA : tenantB)));
    expect(answers.filter((right) => !right)).toEqual([]);
  });

  test("stock pg resumes in the context of whoever released the connection (control)", async () => {
    const store = new AsyncLocalStorage<string>();
    class Naive extends pg.Client {
      override query(...args: unknown[]): never {
        seen.push([String((args[1] as unknown[])[0]), store.getStore()]);
        return (super.query as (...rest: unknown[]) => never)(...args);
      }
    }
    const seen: [string, string | undefined][] = [];
    const pool = new pg.Pool({ connectionString: sealed().appUrl, max: 1, Client: Naive as never });
    await Promise.all(
      Array.from({ length: 20 }, (_, i) => store.run(String(i), () => pool.query("select $1::text", [String(i)]))),
    );
    expect(seen.filter(([asked, found]) => asked !== found).length).toBeGreaterThan(0);
    await pool.end();
  });

  test("overlapping queries on one client each decide when they are sent", async () => {
    const pool = sealed().pool({ max: 1 });
    await tenancy.run(tenantA, async () => {
      const client = await pool.connect();
      const results = await Promise.all(
        ["begin", "select min(id) as id from note", "commit", "select max(id) as id from note"].map((text) =>
          client.query(text),
        ),
      );
      expect(results.map((result) => result.rows)).toEqual([[], [{ id: 1 }], [], [{ id: 20 }]]);
      client.release();
    });
  });

  test("COMMIT AND CHAIN and ROLLBACK TO open the context again", async () => {
    const pool = sealed().pool({ max: 1 });
    await tenancy.run(tenantA, async () => {
      const client = await pool.connect();
      const count = async (): Promise<number> => (await client.query("select count(*)::int as n from note")).rows[0].n;
      await client.query("begin");
      expect(await count()).toBe(20);
      await client.query("commit and chain");
      expect(await count()).toBe(20);
      await client.query("savepoint a");
      await errorOf(client.query("select 1/0"));
      await client.query("rollback to savepoint a");
      expect(await count()).toBe(20);
      await client.query("commit");
      client.release();
    });
  });

  test("cursors and query streams run inside a transaction, and only there", async () => {
    const pool = sealed().pool({ max: 1 });
    await tenancy.run(tenantA, async () => {
      const client = await pool.connect();
      await expect(async () => client.query(new Cursor("select 1"))).rejects.toMatchObject({
        code: "WT_NEEDS_TRANSACTION",
      });
      expect((await errorOf(pool.query(new Cursor("select 1") as never) as never)).code).toBe("WT_NEEDS_TRANSACTION");
      await client.query("begin");
      const cursor = client.query(new Cursor("select id from note order by id"));
      expect((await cursor.read(2)).map((row: { id: number }) => row.id)).toEqual([1, 2]);
      await cursor.close();
      const ids: number[] = [];
      for await (const row of client.query(new QueryStream("select id from note order by id", [], { batchSize: 3 })))
        ids.push(row.id);
      expect(ids).toHaveLength(20);
      for (const stream of [copyStreams.to("copy note to stdout"), copyStreams.from("copy note from stdin")])
        await expect(async () => client.query(stream)).rejects.toMatchObject({ code: "WT_SIMPLE_PROTOCOL" });
      expect((await client.query("select 1 as a")).rows).toEqual([{ a: 1 }]);
      // One that hides what it does is caught when it does it.
      const hidden = {
        submit: (connection: Record<string, (text: string) => void>) => connection["que" + "ry"]!("select 1"),
        handleError: (error: Error) => caught.push(error),
      };
      const caught: Error[] = [];
      client.query(hidden as never);
      await expect.poll(() => caught[0]).toMatchObject({ code: "WT_SIMPLE_PROTOCOL" });
      client.release();
    });
    await pool.for(tenantB).transaction(async (tx) => {
      const cursor = tx.client.query(new Cursor("select id from note order by id") as never) as unknown as {
        read(n: number): Promise<{ id: number }[]>;
        close(): Promise<void>;
      };
      expect((await cursor.read(1))[0]?.id).toBe(21);
      await cursor.close();
    });
  });

  test("a connection goes to the tenant that used it last", async () => {
    const pool = sealed().pool({ max: 2 });
    await Promise.all([
      pool.for(tenantA).query("select pg_sleep(0.05)"),
      pool.for(tenantB).query("select pg_sleep(0.05)"),
    ]);
    const pid = async (tenant: string): Promise<unknown> =>
      (await pool.for(tenant).query("select pg_backend_pid() as p")).rows[0]?.["p"];
    const [a, b] = [await pid(tenantA), await pid(tenantB)];
    for (let i = 0; i < 5; i++) expect([await pid(tenantB), await pid(tenantA)]).toEqual([b, a]);
    expect(a).not.toBe(b);
  });

  test("the pool is the user’s own pg.Pool", () => {
    const pool = sealed().pool();
    expect(pool).toBeInstanceOf(pg.Pool);
    expect(JSON.stringify(pool.options)).not.toContain(sealed().key);
    expect(() => tenantPool({ Client: class {}, Pool: class {} } as never, {} as never)).toThrow();
  });
});
