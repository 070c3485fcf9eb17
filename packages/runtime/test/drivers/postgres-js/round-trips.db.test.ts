/** What goes over the wire, counted by a proxy: one round trip per scoped query, and what the first use costs. */
import { countingProxy, type CountingProxy, describeServers } from "@watertight/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { tenantA, tenantB } from "../../isolation/note-table.ts";
import type { Level } from "../../isolation/subject.ts";
import { type Instance, type SqlDatabase, sqlDatabase } from "./sql-database.ts";

describeServers((server) => {
  describe.each<[Level, boolean]>([
    ["plain", true],
    ["sealed", true],
    ["sealed", false],
    ["hostile", true],
  ])("level %s, prepare %s", (level, prepare) => {
    let db: SqlDatabase;
    let proxy: CountingProxy;
    const open = (max = 1): Instance => db.open({ max, prepare }, {}, proxy.url(db.appUrl));
    beforeAll(async () => {
      db = await sqlDatabase(server, level);
      proxy = await countingProxy(server, { delayMs: 1 });
    });
    afterAll(async () => {
      await db.close();
      await proxy.stop();
    });
    const count = async (work: () => PromiseLike<unknown>): Promise<number> => {
      proxy.reset();
      await work();
      return proxy.roundTrips;
    };

    test("SELECT, INSERT, UPDATE and DELETE are one round trip each; the first use of a parametrised statement three", async () => {
      const { tenants } = open();
      await tenants.ready();
      const { sql } = tenants.for(tenantA);
      const statements = [
        (i: number) => sql`select body from note where id = ${i}`,
        (i: number) => sql`insert into note values (${tenantA}, ${1000 + i}, ${"x"}) returning id`,
        (i: number) => sql`update note set body = ${"y"} where id = ${1000 + i}`,
        (i: number) => sql`delete from note where id = ${1000 + i}`,
      ];
      for (const statement of statements) {
        expect(await count(() => statement(0))).toBe(3);
        expect(await count(() => statement(1))).toBe(1);
        expect(await count(() => statement(2))).toBe(1);
      }
      expect(await count(() => sql`select count(*) from note`), "without parameters the first use is one as well").toBe(
        1,
      );
      await sql`delete from note where id >= 1000`;
    });

    test("a change of tenant, a batch and a failing query are one round trip as well", async () => {
      const { tenants } = open();
      await tenants.ready();
      const byId = (tenant: string, id: number) =>
        tenants.for(tenant).query("select body from note where id = $1", [id]);
      await byId(tenantA, 1);
      expect(await count(() => byId(tenantB, 21))).toBe(1);
      expect(await count(() => byId(tenantB, 22))).toBe(1);
      const parts = [1, 2, 3].map((id) => ({ text: "select body from note where id = $1", values: [id] }));
      expect(await count(() => tenants.for(tenantA).batch(parts))).toBe(1);
      expect(
        await count(() => expect(tenants.for(tenantA).sql`select 1/0`).rejects.toMatchObject({ code: "22012" })),
      ).toBe(1);
    });

    test("what one connection learnt, another uses: its first use is one round trip", async () => {
      const { tenants } = open(2);
      await tenants.ready();
      const { sql } = tenants.for(tenantA);
      const byId = (id: number) => sql`select body from note where id = ${id}`;
      await byId(1);
      // The second connection exists, and has not seen the statement.
      await Promise.all([sql`select pg_sleep(0.1)`, sql`select pg_sleep(0.1)`]);
      proxy.reset();
      const holding = sql`select pg_sleep(0.1)`.execute();
      expect([...(await byId(2))]).toEqual([{ body: "a2" }]);
      expect(proxy.roundTrips, "both connections, one each").toBe(2);
      await holding;
    });

    test("a transaction of k queries is k + 2 round trips", async () => {
      const { tenants } = open();
      await tenants.ready();
      const a = tenants.for(tenantA);
      const work = () =>
        a.transaction(async (tx) => {
          for (const id of [1, 2, 3]) await tx.sql`select body from note where id = ${id}`;
        });
      await work();
      expect(await count(work)).toBe(5);
    });

    test("with a statement timeout it is one round trip as well", async () => {
      const { tenants } = open();
      await tenants.ready();
      const run = () =>
        tenants
          .for(tenantA)
          .query("select current_setting('statement_timeout') as t", [], { statementTimeoutMs: 5000 });
      expect([...(await run())]).toEqual([{ t: "5s" }]);
      expect(await count(run)).toBe(1);
      expect([...(await tenants.for(tenantA).sql`select current_setting('statement_timeout') as t`)]).toEqual([
        { t: "0" },
      ]);
    });
  });
});
