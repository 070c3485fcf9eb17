/** Every row of the failure table: what goes wrong in the middle of a pipeline, and what must be true afterwards. */
import { countingProxy, describeServers } from "@watertight/testkit";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runAlone } from "../../../src/drivers/pg/probe.ts";
import type { TenantClient } from "../../../src/drivers/pg/tenant-client.ts";
import { tenancy } from "../../../src/index.ts";
import { errorOf, tenantA, tenantB, type TenantDatabase, tenantDatabase } from "../../fixture/tenant-database.ts";

type Pool = ReturnType<TenantDatabase["pool"]>;
const raw = (pool: Pool): TenantClient => (pool as unknown as { _clients: TenantClient[] })._clients[0]!;
const settingOf = async (pool: Pool, name: string): Promise<unknown> =>
  (await runAlone(raw(pool), `select current_setting('${name}', true) as v`)).rows[0]?.["v"] || "";

describeServers((server) => {
  let db: TenantDatabase;
  beforeAll(async () => {
    db = await tenantDatabase(server);
    await db.admin.query(`create table log (a int, b text); grant all on log to ${db.roles.app}`);
  });
  afterAll(() => db.close());

  test.each<[string, string, unknown[] | undefined, string | undefined]>([
    ["success", "select 1", undefined, undefined],
    ["syntax error", "selekt 1", undefined, "42601"],
    ["bad bind value", "select $1::int", ["x"], "22P02"],
    ["execution error", "select 1 / $1::int", [0], "22012"],
    ["unknown table", "select * from nowhere", undefined, "42P01"],
    ["row security", `insert into note values ('${tenantB}', 700, 'x')`, undefined, "WT_ACCESS_DENIED"],
    ["two statements", "select 1; select 2", undefined, "42601"],
    ["stacked commit", `select 1; commit; select set_config('x.y', 'z', false)`, undefined, "42601"],
    ["DISCARD ALL", "discard all", undefined, "25001"],
    ["VACUUM", "vacuum note", undefined, "25001"],
    ["SAVEPOINT", "savepoint a", undefined, "25P01"],
    ["COMMIT", "commit", undefined, undefined],
    ["ROLLBACK", "rollback", undefined, undefined],
    ["NUL in a value", "select $1::text", ["a\0b"], "22021"],
    ["COPY FROM STDIN", "copy log from stdin", undefined, "WT_COPY"],
    ["COPY TO STDOUT", "copy (select 1) to stdout", undefined, "WT_COPY"],
    ["statement timeout", "select pg_sleep(5)", undefined, "WT_STATEMENT_TIMEOUT"],
  ])("after %s the context is gone and the connection is kept", async (_name, text, values, code) => {
    for (const prepare of ["none", "all"] as const) {
      const pool = db.pool({ max: 1, prepare });
      for (let i = 0; i < 2; i++) {
        const work = pool
          .for(tenantA)
          .query(text, values, { statementTimeoutMs: code === "WT_STATEMENT_TIMEOUT" ? 50 : 5000 });
        if (code === undefined) await work;
        else expect((await errorOf(work)).code).toBe(code);
        expect(await settingOf(pool, "watertight.ctx")).toBe("");
        expect(raw(pool).getTransactionStatus()).toBe("I");
        expect((await pool.for(tenantB).query("select min(id) as id from note")).rows).toEqual([{ id: 21 }]);
      }
      expect(pool.totalCount).toBe(1);
      await pool.end();
    }
  });

  test("stock pg throws the connection away after any SQL error (control)", async () => {
    const pool = new pg.Pool({ connectionString: db.appUrl, max: 1 });
    await errorOf(pool.query("select 1/0"));
    expect(pool.totalCount).toBe(0);
    await pool.end();
  });

  test("a context that fails keeps the statement from running", async () => {
    const pool = db.pool({ max: 1 });
    const unknown = "0c000000-0000-4000-8000-00000000000c";
    expect(await errorOf(pool.for(unknown).query("insert into log values (1)"))).toMatchObject({
      code: "WT_TENANT_NOT_SERVED",
      sqlstate: "WT002",
      retryable: false,
    });
    expect((await db.admin.query("select * from log")).rows).toEqual([]);
  });

  test("a row the parser can not read reports its error; the statement is committed", async () => {
    const types = {
      getTypeParser: () => () => {
        throw new TypeError("parser");
      },
    };
    const pool = db.pool({ max: 1 });
    expect(
      await errorOf(pool.for(tenantA).query({ text: "insert into log values (2) returning a", types } as never)),
    ).toBeInstanceOf(TypeError);
    expect((await db.admin.query("delete from log returning a")).rows).toEqual([{ a: 2 }]);
    expect(pool.totalCount).toBe(1);
  });

  test("rowMode, parsers, arrays and json work as in pg", async () => {
    const pool = db.pool({ max: 1 });
    const a = pool.for(tenantA);
    expect((await a.query({ text: "select 1 as a, 2 as b", rowMode: "array" } as never)).rows).toEqual([[1, 2]]);
    expect(
      (await a.query("select $1::int[] as a, $2::jsonb as b, $3::bytea as c", [[1, 2], { x: 1 }, Buffer.from("hi")]))
        .rows,
    ).toEqual([{ a: [1, 2], b: { x: 1 }, c: Buffer.from("hi") }]);
    expect((await a.query("select $1::text as a", [null])).rows).toEqual([{ a: null }]);
    expect((await a.query("")).rows).toEqual([]);
  });

  test.each<[string, string]>([
    ["DDL under a named statement (0A000)", "alter table shape add column if not exists extra int default 5"],
    ["DEALLOCATE by somebody (26000)", "deallocate all"],
  ])("%s: repeated once, transparently", async (name, disturb) => {
    await db.admin.query(
      `drop table if exists shape; create table shape as select 1 as a; grant all on shape to ${db.roles.app}`,
    );
    const pool = db.pool({ max: 1 });
    const query = { name: "shape", text: "select * from shape" };
    await pool.for(tenantA).query(query);
    if (name.startsWith("DDL")) await db.admin.query(disturb);
    else await runAlone(raw(pool), disturb);
    expect((await pool.for(tenantA).query(query)).rows[0]).toMatchObject({ a: 1 });
    expect((await pool.for(tenantA).query(query)).rows[0]).toMatchObject({ a: 1 });
    expect(pool.totalCount).toBe(1);
    // pg's own books stay empty: it would take our ParseComplete for its own.
    expect((raw(pool).connection as unknown as { parsedStatements: object }).parsedStatements).toEqual({});
  });

  test("a named Parse survives the failure of its pipeline (42P05 trap)", async () => {
    const pool = db.pool({ max: 1 });
    for (let i = 0; i < 3; i++)
      expect(
        (await errorOf(pool.for(tenantA).query({ name: "div", text: "select 1 / $1::int", values: [0] }))).code,
      ).toBe("22012");
    expect((await pool.for(tenantA).query({ name: "div", text: "select 1 / $1::int as q", values: [1] })).rows).toEqual(
      [{ q: 1 }],
    );
  });

  test("many distinct named statements: the oldest are closed", async () => {
    const pool = db.pool({ max: 1, prepare: "all" });
    for (let i = 0; i < 450; i++) await pool.for(tenantA).query(`select ${i} as n`);
    const { rows } = await runAlone(raw(pool), "select count(*)::int as n from pg_prepared_statements").catch(() => ({
      rows: [{ n: 0 }],
    }));
    expect(rows[0]?.["n"]).toBeLessThanOrEqual(202);
    expect((await pool.for(tenantA).query("select 0 as n")).rows).toEqual([{ n: 0 }]);
  });

  test("a value that can not be serialised leaves the connection untouched", async () => {
    const proxy = await countingProxy(server);
    const pool = db.pool({ max: 1, connectionString: proxy.url(db.appUrl) });
    await pool.for(tenantA).query("select 1");
    proxy.reset();
    const circular: Record<string, unknown> = {};
    circular["self"] = circular;
    expect(await errorOf(pool.for(tenantA).query("select $1::jsonb", [circular]))).toBeInstanceOf(TypeError);
    expect(proxy.writes).toBe(0);
    expect((await pool.for(tenantA).query("select 1 as a")).rows).toEqual([{ a: 1 }]);
    expect(pool.totalCount).toBe(1);
    await pool.end();
    await proxy.stop();
  });

  test("a broken socket rejects at once and the pool recovers", async () => {
    const proxy = await countingProxy(server);
    const pool = db.pool({ max: 1, connectionString: proxy.url(db.appUrl) });
    await pool.for(tenantA).query("select 1");
    proxy.fault({ side: "backend", type: "D", action: "reset" });
    await errorOf(pool.for(tenantA).query("select 1"));
    expect((await pool.for(tenantA).query("select 2 as a")).rows).toEqual([{ a: 2 }]);
    await pool.end();
    await proxy.stop();
  });

  test("a session that the operator ends says so (57P01)", async () => {
    const pool = db.pool({ max: 1 });
    await pool.for(tenantA).query("select 1");
    const work = errorOf(pool.for(tenantA).query("select pg_sleep(5)"));
    await expect
      .poll(
        async () =>
          (
            await db.admin.query(
              "select pg_terminate_backend(pid) from pg_stat_activity where pid = $1 and state = $2",
              [raw(pool).processID, "active"],
            )
          ).rowCount,
      )
      .toBe(1);
    expect((await work).code).toBe("57P01");
    expect((await pool.for(tenantA).query("select 2 as a")).rows).toEqual([{ a: 2 }]);
  });

  describe("timeouts and aborts destroy the connection and cancel the statement", () => {
    const sleeping = async (): Promise<number> =>
      (
        await db.admin.query(
          "select count(*)::int as n from pg_stat_activity where datname = current_database() and query like '%pg_sleep%' and state = 'active' and pid <> pg_backend_pid()",
        )
      ).rows[0].n;

    test("query_timeout: the outcome is unknown", async () => {
      const pool = db.pool({ max: 1, query_timeout: 100 });
      await pool.for(tenantA).query("select 1");
      expect(await errorOf(pool.for(tenantA).query("select pg_sleep(5)"))).toMatchObject({
        code: "WT_QUERY_TIMEOUT",
        retryable: false,
      });
      await expect.poll(sleeping).toBe(0);
      await expect.poll(() => pool.totalCount).toBe(0);
      expect((await pool.for(tenantA).query("select 2 as a")).rows).toEqual([{ a: 2 }]);
    });

    test("AbortSignal: before, while waiting for a connection, in flight, in a transaction", async () => {
      const pool = db.pool({ max: 1 });
      const a = pool.for(tenantA);
      await a.query("select 1");
      expect((await errorOf(a.query("select 1", [], { signal: AbortSignal.abort() }))).code).toBe("WT_ABORTED");
      const running = a.query("select pg_sleep(0.4)");
      expect((await errorOf(a.query("select 1", [], { signal: AbortSignal.timeout(50) }))).code).toBe("WT_ABORTED");
      await running;
      expect(pool.totalCount).toBe(1);
      expect((await errorOf(a.query("select pg_sleep(5)", [], { signal: AbortSignal.timeout(50) }))).code).toBe(
        "WT_ABORTED",
      );
      await expect.poll(sleeping).toBe(0);
      await expect.poll(() => pool.totalCount).toBe(0);
      expect(
        (await errorOf(a.transaction((tx) => tx.query("select pg_sleep(5)"), { signal: AbortSignal.timeout(50) })))
          .code,
      ).toBe("WT_ABORTED");
      // The abort comes when the function's work is done: the commit must not be what reports it.
      const late = new AbortController();
      const afterWork = a.transaction(async (tx) => (await tx.query("update note set body = body"), late.abort()), {
        signal: late.signal,
      });
      expect((await errorOf(afterWork)).code).toBe("WT_ABORTED");
      await expect.poll(sleeping).toBe(0);
      expect((await a.query("select 2 as a")).rows).toEqual([{ a: 2 }]);
    });

    test("statementTimeoutMs holds for one call and for a whole transaction only", async () => {
      const pool = db.pool({ max: 1 });
      const a = pool.for(tenantA);
      expect(
        (await errorOf(a.transaction((tx) => tx.query("select pg_sleep(5)"), { statementTimeoutMs: 50 }))).code,
      ).toBe("57014");
      expect((await a.query("show statement_timeout")).rows).toEqual([{ statement_timeout: "0" }]);
      expect((await a.query("show statement_timeout", [], { statementTimeoutMs: 1234 })).rows).toEqual([
        { statement_timeout: "1234ms" },
      ]);
      expect((await errorOf(a.query("select 1", [], { statementTimeoutMs: 0 }))).code).toBe("WT_CONFIG");
    });
  });

  describe("what a borrower leaves behind", () => {
    const dirty: [string, (client: pg.PoolClient) => unknown, string][] = [
      ["an open transaction", (client) => client.query("begin"), "T"],
      [
        "a failed transaction",
        async (client) => {
          await client.query("begin");
          await errorOf(client.query("select 1/0"));
        },
        "E",
      ],
      ["an unanswered query", (client) => void client.query("select pg_sleep(0.05)").catch(() => {}), "I"],
      ["a hidden BEGIN", (client) => client.query("/* orm */ begin"), "T"],
    ];
    test.each(dirty)("%s: destroyed and reported", async (_name, leave, status) => {
      const pool = db.pool({ max: 1 });
      const seen: unknown[] = [];
      const off = tenancy.on("dirty-release", (event) => seen.push(event));
      await tenancy.run(tenantA, async () => {
        const client = await pool.connect();
        await leave(client);
        client.release();
      });
      off();
      expect(seen).toEqual([{ tenant: tenantA, status }]);
      expect(pool.totalCount).toBe(0);
      expect((await pool.for(tenantB).query("select min(id) as id from note")).rows).toEqual([{ id: 21 }]);
    });

    test("stock pg hands the open transaction to the next borrower (control)", async () => {
      const pool = new pg.Pool({ connectionString: db.appUrl, max: 1 });
      const client = await pool.connect();
      await client.query("begin");
      await client.query("select set_config('app.tenant', 'a', true)");
      client.release();
      expect((await pool.query("select current_setting('app.tenant', true) as t")).rows).toEqual([{ t: "a" }]);
      await pool.end();
    });

    test("a single BEGIN is refused and its connection destroyed", async () => {
      const pool = db.pool({ max: 1 });
      for (const text of ["begin", "/* hidden */ begin"]) {
        expect((await errorOf(pool.for(tenantA).query(text))).code).toBe("WT_TRANSACTION_LEFT_OPEN");
        expect(pool.totalCount).toBe(0);
      }
    });

    test.each<[string, string, string, unknown]>([
      ["a session setting", "set work_mem = '123kB'", "show work_mem", [{ work_mem: "4MB" }]],
      ["a WITH HOLD cursor", "declare held cursor with hold for select body from note", "fetch all from held", "34000"],
      ["LISTEN", "listen everything", "select count(*)::int as n from pg_listening_channels()", [{ n: 0 }]],
      ["a poisoned search_path", "set search_path = nowhere", "show search_path", [{ search_path: '"$user", public' }]],
      ["row_security off", "set row_security = off", "show row_security", [{ row_security: "on" }]],
    ])("%s of tenant A does not reach tenant B", async (_name, leave, look, expected) => {
      const pool = db.pool({ max: 1 });
      await pool.for(tenantA).query(leave);
      // UNLISTEN takes effect at commit, so what counts is B's second transaction; a setting is gone in the first.
      if (leave.startsWith("listen")) await pool.for(tenantB).query(look);
      const seen = await pool
        .for(tenantB)
        .query(look)
        .then(
          (result) => result.rows,
          (error: { code?: string }) => error.code,
        );
      expect(seen).toEqual(expected);
      expect(pool.totalCount).toBe(1);
      // Control: without a hand-over reset it is there.
      const stock = new pg.Client({ connectionString: db.adminUrl });
      await stock.connect();
      await stock.query(leave);
      const kept = await stock.query(look).then(
        (result) => result.rows,
        (error: { code?: string }) => error.code,
      );
      expect(kept).not.toEqual(expected);
      await stock.end();
    });

    test("a reset that was rolled back is made again", async () => {
      const pool = db.pool({ max: 1 });
      await pool.for(tenantA).query("set work_mem = '123kB'");
      await errorOf(
        pool.for(tenantB).transaction(async () => {
          throw new Error("undo");
        }),
      );
      expect((await pool.for(tenantB).query("show work_mem")).rows).toEqual([{ work_mem: "4MB" }]);
    });

    test("a client that was released is dead for its borrower", async () => {
      const pool = db.pool({ max: 1 });
      const old = await tenancy.run(tenantA, async () => {
        const client = await pool.connect();
        client.release();
        return client;
      });
      await tenancy.run(tenantB, async () => {
        const current = await pool.connect();
        expect((await errorOf(old.query("select 1"))).code).toBe("WT_SCOPE_ENDED");
        expect((await current.query("select min(id) as id from note")).rows).toEqual([{ id: 21 }]);
        current.release();
        expect(() => current.release()).toThrow();
      });
    });
  });
});
