/** The tagged template: whose tenant it runs as, what of postgres.js keeps working, what is refused. */
import { describeServers } from "@watertight/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tenancy } from "../../../src/index.ts";
import { tenantA, tenantB } from "../../isolation/note-table.ts";
import { type Instance, type SqlDatabase, sqlDatabase } from "./sql-database.ts";

describeServers((server) => {
  let db: SqlDatabase;
  let at: Instance;
  beforeAll(async () => {
    db = await sqlDatabase(server);
    at = db.open();
  });
  afterAll(() => db.close());

  test("a query written in A and awaited in B runs as A", async () => {
    const { sql } = at.tenants;
    const lazy = tenancy.run(tenantA, () => ({ query: sql`select min(id) as first from note` }));
    const { query } = await lazy;
    expect([...(await tenancy.run(tenantB, () => query))]).toEqual([{ first: 1 }]);
  });

  test("control: the same on postgres.js alone has no tenant of its own, it runs where it is awaited", async () => {
    const seen: (string | undefined)[] = [];
    const { query } = await tenancy.run(tenantA, () => ({ query: at.sql`select 1` }));
    const handler = Reflect.get(query, "handler") as (query: unknown) => void;
    Reflect.set(query, "handler", (sent: unknown) => (seen.push(tenancy.current()), handler(sent)));
    await tenancy.run(tenantB, () => query);
    expect(seen).toEqual([tenantB]);
  });

  test("a query written without a tenant never runs, not even inside one", async () => {
    const query = at.tenants.sql`select 1`;
    await expect(tenancy.run(tenantA, () => query)).rejects.toMatchObject({ code: "WT_NO_TENANT" });
    await expect((async () => at.tenants.sql`select 1`)()).rejects.toMatchObject({ code: "WT_NO_TENANT" });
  });

  test("fragments need no tenant; helpers, values, raw, forEach, describe and unsafe work", async () => {
    const { sql } = at.tenants;
    const only = sql`where id in ${sql([1, 2, 21])}`;
    const a = at.tenants.for(tenantA).sql;
    expect([...(await a`select ${a("id")} from note ${only} order by id`)]).toEqual([{ id: 1 }, { id: 2 }]);
    expect([...(await a`select id, body from note where id = ${1}`.values())]).toEqual([[1, "a1"]]);
    expect(String((await a`select body from note where id = ${1}`.raw())[0]?.[0])).toBe("a1");
    const each: unknown[] = [];
    await a`select id from note where id < ${3} order by id`.forEach((row) => each.push(row["id"]));
    expect(each).toEqual([1, 2]);
    expect((await a`select body from note where id = ${1}`.describe()).columns.map(({ name }) => name)).toEqual([
      "body",
    ]);
    expect([...(await a.unsafe("select id from note where id = $1", [2]))]).toEqual([{ id: 2 }]);
    const [row] = await a`insert into note ${a({ tenant_id: tenantA, id: 950, body: "helper" })} returning *`;
    expect(row).toMatchObject({ id: 950, body: "helper" });
    await a`delete from note where id = ${950}`;
    expect([
      ...(await a`select ${a.json({ x: 1 })}::jsonb as j, ${a.array([1, 2])}::int[] as xs, ${new Date(0)} as d, ${true} as b`),
    ]).toEqual([{ j: { x: 1 }, xs: [1, 2], d: new Date(0), b: true }]);
  });

  test("values are converted in the same way at the first use and later, on every connection", async () => {
    const a = at.tenants.for(tenantA).sql;
    for (let i = 0; i < 3; i++) {
      const rows = await Promise.all(
        [1, 2, 3].map(
          () =>
            a`select ${"5"}::jsonb as j, ${"a"}::text as t, ${{ k: 1 } as never}::json as o, ${Buffer.from([1])}::bytea as y`,
        ),
      );
      for (const [row] of rows) expect(row).toEqual({ j: "5", t: "a", o: { k: 1 }, y: Buffer.from([1]) });
    }
  });

  test("pages by cursor, in both forms, and ended early", async () => {
    const a = at.tenants.for(tenantA).sql;
    const sizes: number[] = [];
    for await (const page of a`select id from note order by id`.cursor(8)) sizes.push(page.length);
    expect(sizes).toEqual([8, 8, 4]);
    const first: unknown[] = [];
    for await (const page of a`select id from note where id > ${5} order by id`.cursor(3)) {
      first.push(...page.map((row) => row["id"]));
      break;
    }
    expect(first).toEqual([6, 7, 8]);
    let pages = 0;
    await a`select id from note`.cursor(5, () => void pages++);
    expect(pages).toBe(4);
    expect([...(await at.tenants.for(tenantB).sql`select count(*)::int as n from note`)]).toEqual([{ n: 20 }]);
  });

  test("the simple protocol and COPY are refused, and the instance stays usable", async () => {
    const a = at.tenants.for(tenantA).sql;
    await expect(a`select 1; select 2`.simple()).rejects.toMatchObject({ code: "WT_SIMPLE_PROTOCOL" });
    await expect(a`copy note to stdout`.readable()).rejects.toMatchObject({ code: "WT_SIMPLE_PROTOCOL" });
    await expect(a.unsafe("select 1; select 2", [], { simple: true } as never)).rejects.toMatchObject({
      code: "WT_SIMPLE_PROTOCOL",
    });
    await expect(a`copy open_log from stdin`).rejects.toMatchObject({ code: "WT_COPY" });
    await expect(a`copy open_log to stdout`).rejects.toMatchObject({ code: "WT_COPY" });
    await expect(a`copy note from stdin`).rejects.toMatchObject({ code: "0A000" });
    for (let i = 0; i < 4; i++) expect([...(await a`select count(*)::int as n from note`)]).toEqual([{ n: 20 }]);
  });

  test("cancel() stops the statement, and before it is awaited nothing is sent", async () => {
    const a = at.tenants.for(tenantA).sql;
    const slow = a`select pg_sleep(10)`;
    setTimeout(() => slow.cancel(), 50);
    const started = Date.now();
    await expect(slow).rejects.toMatchObject({ code: "WT_ABORTED" });
    expect(Date.now() - started).toBeLessThan(3000);
  });

  test("names are ours: 128 random bits, not Math.random, and not visible to the app role", async () => {
    const { tenants } = db.open({ max: 1 });
    const a = tenants.for(tenantA).sql;
    const result = await a`select id from note where id = ${1}`;
    expect(Reflect.get(result, "statement")).toMatchObject({
      name: expect.stringMatching(/^wt[0-9a-f]{32}_\d+$/) as unknown,
    });
    await expect(a`select name from pg_prepared_statements`).rejects.toMatchObject({ code: "WT_ACCESS_DENIED" });
  });
});
