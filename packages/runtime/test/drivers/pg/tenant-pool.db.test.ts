/** The pool's everyday behaviour on real servers: right rows, right errors, transactions, pages, COPY. */
import { describeServers } from "@watertight/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
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
  describe.each<Level>(["plain", "sealed", "hostile"])("level %s", (level) => {
    let db: TenantDatabase;
    beforeAll(async () => {
      db = await tenantDatabase(server, level);
    });
    afterAll(() => db.close());
    const count = "select count(*)::int as n, min(id) as first from note";

    test("ambient and explicit queries see the tenant and nobody else", async () => {
      const pool = db.pool();
      for (let i = 0; i < 3; i++) {
        expect((await tenancy.run(tenantA, () => pool.query(count))).rows).toEqual([{ n: 20, first: 1 }]);
        expect((await pool.for(tenantB).query(count)).rows).toEqual([{ n: 20, first: 21 }]);
        const named = { name: "one", text: "select body from note where id = $1", values: [1] };
        expect((await pool.for(tenantA).query(named)).rows).toEqual([{ body: "a1" }]);
        expect((await pool.for(tenantB).query(named)).rows).toEqual([]);
      }
    });

    test("writes for another tenant are refused as access denied", async () => {
      const pool = db.pool();
      const error = await errorOf(pool.for(tenantA).query("insert into note values ($1, 99, $2)", [tenantB, "x"]));
      expect(error).toMatchObject({ code: "WT_ACCESS_DENIED", sqlstate: "42501", cause: { code: "42501" } });
      expect(error.message).not.toContain("(missing grant)");
      await db.admin.query("create table if not exists ungranted (id int)");
      const missing = await errorOf(pool.for(tenantA).query("select * from ungranted"));
      expect(missing).toMatchObject({ code: "WT_ACCESS_DENIED", sqlstate: "42501" });
      expect(missing.message).toContain("(missing grant)");
      // An ordinary SQL error is pg's own, with its SQLSTATE: ORMs look at it.
      expect(
        await errorOf(pool.for(tenantA).query("insert into note values ($1, 1, $2)", [tenantA, "x"])),
      ).toMatchObject({ code: "23505", table: "note" });
      expect(pool.totalCount).toBe(1);
    });

    test("batch is atomic", async () => {
      const pool = db.pool();
      const results = await pool
        .for(tenantA)
        .batch([{ text: "select 1 as a" }, { text: count }, { text: "select $1::text as b", values: ["x"] }]);
      expect(results.map((r) => r.rows)).toEqual([[{ a: 1 }], [{ n: 20, first: 1 }], [{ b: "x" }]]);
      await errorOf(
        pool
          .for(tenantA)
          .batch([{ text: "insert into note values ($1, 1000, $2)", values: [tenantA, "x"] }, { text: "select 1/0" }]),
      );
      expect((await pool.for(tenantA).query("select 1 from note where id = 1000")).rows).toEqual([]);
    });

    test("transactions commit, roll back, nest, and end", async () => {
      const pool = db.pool();
      const a = pool.for(tenantA);
      let kept: { query(text: string): Promise<unknown> } | undefined;
      await a.transaction(async (tx) => {
        kept = tx;
        await tx.query("insert into note values ($1, 500, $2)", [tenantA, "kept"]);
        await errorOf(
          tx.savepoint(async (inner) => {
            await inner.query("insert into note values ($1, 501, $2)", [tenantA, "lost"]);
            throw new Error("undo");
          }),
        );
        await tx.savepoint((inner) => inner.query("insert into note values ($1, 502, $2)", [tenantA, "kept"]));
        expect(
          ((await tx.client.query("select count(*)::int as n from note where id >= 500")) as { rows: unknown }).rows,
        ).toEqual([{ n: 2 }]);
      });
      expect(await errorOf(kept!.query("select 1"))).toMatchObject({ code: "WT_SCOPE_ENDED" });
      await errorOf(
        a.transaction(async (tx) => {
          await tx.query("delete from note where id = 500");
          throw new Error("no");
        }),
      );
      expect(await errorOf(a.transaction((tx) => tx.query("select 1/0").catch(() => undefined)))).toMatchObject({
        code: "WT_ROLLED_BACK",
      });
      expect((await a.query("delete from note where id >= 500 returning id")).rows.map((r) => r["id"])).toEqual([
        500, 502,
      ]);
      expect(await errorOf(a.transaction((tx) => tenancy.run(tenantB, () => tx.query("select 1"))))).toMatchObject({
        code: "WT_TENANT_MISMATCH",
      });
    });

    test("an ORM-like client: BEGIN, SET TRANSACTION, statements, COMMIT", async () => {
      const pool = db.pool();
      await tenancy.run(tenantA, async () => {
        const client = await pool.connect();
        await client.query("begin");
        await client.query("set transaction isolation level repeatable read");
        expect((await client.query(count)).rows).toEqual([{ n: 20, first: 1 }]);
        expect((await client.query("show transaction_isolation")).rows).toEqual([
          { transaction_isolation: "repeatable read" },
        ]);
        await client.query("commit");
        expect((await client.query(count)).rows).toEqual([{ n: 20, first: 1 }]);
        client.release();
        expect(await errorOf(client.query(count))).toMatchObject({ code: "WT_SCOPE_ENDED" });
      });
    });

    test("stream pages, ends early, and lets other statements run in between", async () => {
      const pool = db.pool({ max: 1 });
      const a = pool.for(tenantA);
      const ids: unknown[] = [];
      for await (const row of a.stream("select id from note order by id", [], { batchSize: 7 })) ids.push(row["id"]);
      expect(ids).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
      for await (const row of a.stream("select id from note order by id", [], { batchSize: 3 }))
        if (row["id"] === 4) break;
      expect(
        await errorOf(async () => {
          for await (const _ of a.stream("select 1/(id - 5) from note order by id", [], { batchSize: 2 }));
        }),
      ).toMatchObject({ code: "22012" });
      await a.transaction(async (tx) => {
        let seen = 0;
        for await (const row of tx.stream("select id from note order by id", [], { batchSize: 5 })) {
          expect((await tx.query("select body from note where id = $1", [row["id"]])).rowCount).toBe(1);
          seen++;
        }
        expect(seen).toBe(20);
      });
    });

    test("COPY inside transactions, both ways", async () => {
      await db.admin.query(
        `create table if not exists plain_log (a int, b text); grant all on plain_log to ${db.roles.app}; truncate plain_log`,
      );
      const pool = db.pool({ max: 1 });
      await pool.for(tenantA).transaction(async (tx) => {
        expect(await tx.copyFrom("copy plain_log from stdin", ["1\tone\n", Buffer.from("2\ttwo\n")])).toBe(2);
        const chunks: Buffer[] = [];
        for await (const chunk of tx.copyTo("copy (select a, b from plain_log order by a) to stdout"))
          chunks.push(chunk);
        expect(Buffer.concat(chunks).toString()).toBe("1\tone\n2\ttwo\n");
        for await (const _ of tx.copyTo("copy (select generate_series(1, 10000)) to stdout")) break;
        const notes: string[] = [];
        for await (const chunk of tx.copyTo("copy (select id from note) to stdout")) notes.push(chunk.toString());
        expect(notes).toHaveLength(20);
      });
      expect(
        await errorOf(
          pool.for(tenantA).transaction((tx) => tx.copyFrom("copy plain_log from stdin", ["bad\trow\textra\n"])),
        ),
      ).toMatchObject({ code: "22P04" });
      expect(
        await errorOf(pool.for(tenantA).transaction((tx) => tx.copyFrom("copy nowhere from stdin", ["1\n"]))),
      ).toMatchObject({ code: "42P01" });
      expect(
        await errorOf(
          pool.for(tenantA).transaction((tx) =>
            tx.copyFrom(
              "copy plain_log from stdin",
              (function* () {
                yield "1\tx\n";
                throw new TypeError("source");
              })(),
            ),
          ),
        ),
      ).toBeInstanceOf(TypeError);
      expect((await pool.for(tenantA).query("select count(*)::int as n from plain_log")).rows).toEqual([{ n: 2 }]);
      expect(pool.totalCount).toBe(1);
    });

    test("requireRow finds, or reports out of band", async () => {
      const pool = db.pool();
      expect(await pool.for(tenantA).requireRow("note", { id: 1 })).toMatchObject({ body: "a1" });
      const misses = [
        ["public.note", 21],
        ["note", 22],
        ["note", 4711],
      ] as const;
      for (const [table, id] of misses)
        expect(await errorOf(pool.for(tenantA).requireRow(table, { id }))).toMatchObject({ code: "WT_ROW_NOT_FOUND" });
      // the request around it rolls back: the record stays
      const request = pool.for(tenantA).transaction(async () => pool.for(tenantA).requireRow("note", { id: 23 }));
      expect(await errorOf(request)).toMatchObject({ code: "WT_ROW_NOT_FOUND" });
      const events = async (): Promise<unknown[]> =>
        (
          await db.admin.query(
            "select kind, tenant, (detail -> 'key' ->> 'id')::int as id from watertight.event event where relation like '%note' order by event.id",
          )
        ).rows.map(Object.values);
      await expect.poll(events, { timeout: 1000 }).toEqual([
        ["cross_tenant_probe", tenantA, 21],
        ["cross_tenant_probe", tenantA, 22],
        ["missing_row", tenantA, 4711],
        ["cross_tenant_probe", tenantA, 23],
      ]);
    });

    test("unscoped needs a reason and is recorded first", async () => {
      const pool = db.pool({ unscoped: { connectionString: db.url(db.roles.control) } });
      expect(await errorOf(pool.unscoped({ reason: " " }, () => Promise.resolve(1)))).toMatchObject({
        code: "WT_UNSCOPED",
      });
      expect(await errorOf(db.pool().unscoped({ reason: "x" }, () => Promise.resolve(1)))).toMatchObject({
        code: "WT_UNSCOPED",
      });
      expect(
        await pool.unscoped(
          { reason: "nightly count" },
          async (client) => ((await client.query("select current_user as u")) as { rows: unknown[] }).rows,
        ),
      ).toEqual([{ u: db.roles.control }]);
      expect((await db.admin.query("select detail from watertight.event where kind = 'unscoped'")).rows).toEqual([
        { detail: { reason: "nightly count" } },
      ]);
    });
  });
});
