/** The PGlite wrapper: one execProtocol call, values and rows, transactions, refusals. */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type PgliteTransaction, tenantPglite, type TenantPglite } from "../../../src/drivers/pglite/index.ts";
import { tenancy } from "../../../src/index.ts";
import { tenantA, tenantB } from "../../isolation/note-table.ts";
import { asSuperuser, type PgliteDatabase, pgliteDatabase } from "./pglite-database.ts";

let database: PgliteDatabase;
let tenants: TenantPglite;
let calls = 0;
beforeAll(async () => {
  database = await pgliteDatabase();
  const { db } = database;
  const original = db.execProtocol.bind(db);
  db.execProtocol = (...args) => {
    calls++;
    return original(...args);
  };
  tenants = tenantPglite(db, { key: database.key });
  await tenants.ready();
});
afterAll(() => database.db.close());
beforeEach(() => void (calls = 0));

test("every single call is exactly one execProtocol", async () => {
  const a = tenants.for(tenantA);
  const counted = async (work: () => Promise<unknown>): Promise<number> => {
    calls = 0;
    await work();
    return calls;
  };
  expect(await counted(() => a.query("select body from note where id = $1", [1]))).toBe(1);
  expect(await counted(() => a.sql`insert into note values (${tenantA}, ${700}, ${"x"}) returning id`)).toBe(1);
  expect(await counted(() => a.sql`update note set body = ${"y"} where id = ${700}`)).toBe(1);
  expect(await counted(() => a.sql`delete from note where id = ${700}`)).toBe(1);
  expect(await counted(() => tenants.for(tenantB).query("select 1")), "with a reset").toBe(1);
  expect(
    await counted(() => a.batch([{ text: "select 1" }, { text: "select 2" }, { text: "select $1::int", values: [3] }])),
  ).toBe(1);
  expect(await counted(() => expect(a.query("select 1/0")).rejects.toMatchObject({ code: "22012" }))).toBe(1);
  expect(
    await counted(() => expect(tenants.query("select 1")).rejects.toMatchObject({ code: "WT_NO_TENANT" })),
    "nothing is sent",
  ).toBe(0);
  expect(
    await counted(() => a.transaction(async (tx) => (await tx.query("select 1"), await tx.query("select 2")))),
    "k + 2",
  ).toBe(4);
});

test("rows are what PGlite's own query makes of them", async () => {
  const text = `select 1::int2 as a, 2::int8 as b, 3.5::float8 as c, 4.25::numeric as d, true as e, 'x'::text as f, '{"k": [1]}'::jsonb as g,
    '2020-01-02'::timestamptz as h, '\\x01ff'::bytea as i, array[1,2] as j, null::int as k, array['a"b', null] as l, date '2020-02-03' as m`;
  const ours = await tenants.for(tenantA).query(text);
  const theirs = await database.db.query(text);
  expect(ours.rows).toEqual(theirs.rows);
  expect(ours.fields).toEqual(theirs.fields);
  expect((await tenants.for(tenantA).query("select 1 as a, 2 as a", [], { rowMode: "array" })).rows).toEqual([[1, 2]]);
  expect(
    (await tenants.for(tenantA).query("select 7 as a", [], { parsers: { 23: (value) => `<${value}>` } })).rows,
  ).toEqual([{ a: "<7>" }]);
  expect(Object.keys((await tenants.for(tenantA).query(`select 1 as "__proto__"`)).rows[0] ?? {})).toEqual([
    "__proto__",
  ]);
});

test("values arrive as they are", async () => {
  const a = tenants.for(tenantA);
  const values = [
    1,
    2n ** 40n,
    1.5,
    true,
    "it's",
    { k: [1, "x"] },
    new Date(0),
    new Uint8Array([1, 255]),
    [1, 2],
    ['a"b\\', null],
    null,
    undefined,
  ];
  const text =
    "select $1::int as a, $2::int8 as b, $3::float8 as c, $4::bool as d, $5::text as e, $6::jsonb as f, $7::timestamptz as g, $8::bytea as h, $9::int[] as i, $10::text[] as j, $11::text as k, $12::text as l";
  const { rows } = await a.query(text, values);
  expect(rows).toEqual([
    {
      a: 1,
      b: 2 ** 40,
      c: 1.5,
      d: true,
      e: "it's",
      f: { k: [1, "x"] },
      g: new Date(0),
      h: new Uint8Array([1, 255]),
      i: [1, 2],
      j: ['a"b\\', null],
      k: null,
      l: null,
    },
  ]);
  expect(
    (await a.query("select $1::jsonb as xs", [[1, "two"]], { paramTypes: [3802] })).rows,
    "a named type uses PGlite's serialiser",
  ).toEqual([{ xs: [1, "two"] }]);
  await expect(a.query("select $1", [Symbol("x")])).rejects.toMatchObject({ code: "WT_CONFIG" });
});

test("transactions commit, roll back, nest, end, and are never interleaved", async () => {
  const a = tenants.for(tenantA);
  let kept: PgliteTransaction | undefined;
  const order: string[] = [];
  await Promise.all([
    a.transaction(async (tx) => {
      kept = tx;
      order.push("a starts");
      await tx.sql`insert into note values (${tenantA}, 500, 'kept')`;
      await expect(
        tx.savepoint(async (inner) => {
          await inner.sql`insert into note values (${tenantA}, 501, 'lost')`;
          throw new Error("undo");
        }),
      ).rejects.toThrow("undo");
      await tx.savepoint((inner) =>
        inner.savepoint((deep) => deep.query("insert into note values ($1, 502, 'kept')", [tenantA])),
      );
      expect((await tx.query("select count(*)::int as n from note where id >= 500")).rows).toEqual([{ n: 2 }]);
      order.push("a ends");
    }),
    tenants.for(tenantB).transaction(async (tx) => {
      order.push("b starts");
      expect((await tx.query("select count(*)::int as n from note")).rows).toEqual([{ n: 20 }]);
      order.push("b ends");
    }),
    database.db.query("select 1").then(() => order.push("PGlite's own")),
  ]);
  expect(order).toEqual(["a starts", "a ends", "b starts", "b ends", "PGlite's own"]);
  await expect(kept!.query("select 1")).rejects.toMatchObject({ code: "WT_SCOPE_ENDED" });
  await expect(a.transaction((tx) => tx.query("select 1/0").catch(() => undefined))).rejects.toMatchObject({
    code: "WT_ROLLED_BACK",
  });
  expect((await a.sql`delete from note where id >= 500 returning id`).rows).toEqual([{ id: 500 }, { id: 502 }]);
  const { rows } = await a.transaction(
    (tx) => tx.query("select current_setting('transaction_isolation') as i, current_user as u"),
    { isolation: "serializable", readOnly: true },
  );
  expect(rows).toEqual([{ i: "serializable", u: database.report.roles.app }]);
});

test("what a single call begins is rolled back", async () => {
  await expect(tenants.for(tenantA).query("begin")).rejects.toMatchObject({ code: "WT_TRANSACTION_LEFT_OPEN" });
  expect(database.db.isInTransaction()).toBe(false);
});

test("COPY is refused before it is sent, because it would end the instance", async () => {
  for (const text of ["copy note from stdin", " -- x\n /* y */ COPY open_log from stdin", "copy note to stdout"])
    await expect(tenants.for(tenantA).query(text)).rejects.toMatchObject({ code: "WT_COPY" });
  expect(calls).toBe(0);
  expect((await tenants.for(tenantA).query("select 'copy' as c")).rows).toEqual([{ c: "copy" }]);
});

test("pages: all, ended early, failing", async () => {
  const a = tenants.for(tenantA);
  const ids: unknown[] = [];
  for await (const row of a.stream("select id from note where id > $1 order by id", [0], { batchSize: 7 }))
    ids.push(row["id"]);
  expect(ids).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  for await (const row of a.stream("select id from note order by id", [], { batchSize: 3 })) if (row["id"] === 4) break;
  await expect(
    (async () => {
      for await (const _ of a.stream("select 1/(id - 5) from note order by id", [], { batchSize: 2 }));
    })(),
  ).rejects.toMatchObject({ code: "22012" });
  await expect(
    (async () => {
      for await (const _ of a.stream("select id from nowhere"));
    })(),
  ).rejects.toMatchObject({ code: "42P01" });
  expect((await a.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
});

test("requireRow finds, or reports what the caller must not learn", async () => {
  const a = tenants.for(tenantA);
  expect(await a.requireRow("note", { id: 1 })).toMatchObject({ body: "a1" });
  await expect(a.requireRow("public.note", { id: 21 })).rejects.toMatchObject({ code: "WT_ROW_NOT_FOUND" });
  await expect(a.requireRow("note", { id: 4711 })).rejects.toMatchObject({ code: "WT_ROW_NOT_FOUND" });
  const { rows } = await asSuperuser(database.db, () =>
    database.db.query("select kind from watertight.event order by id"),
  );
  expect(rows).toEqual([{ kind: "cross_tenant_probe" }, { kind: "missing_row" }]);
});

test("unscoped work needs a reason, is recorded first, and runs as the control role", async () => {
  await expect(tenants.unscoped({ reason: "" }, async () => 1)).rejects.toMatchObject({ code: "WT_UNSCOPED" });
  const { rows } = await tenants.unscoped({ reason: "nightly" }, (tx) =>
    tx.query("select current_user as u, (select detail from watertight.event where kind = 'unscoped') as d"),
  );
  expect(rows).toEqual([{ u: database.report.roles.control, d: { reason: "nightly" } }]);
  expect((await tenants.for(tenantB).query("select current_user as u, count(*)::int as n from note")).rows).toEqual([
    { u: database.report.roles.app, n: 20 },
  ]);
});

test("start-up refuses wrong roles and levels; a signal takes a waiting call back", async () => {
  const { db, key } = database;
  await expect(tenantPglite(db, { key, role: "postgres" }).ready()).rejects.toMatchObject({ code: "WT_ROLE_UNSAFE" });
  await expect(tenantPglite(db, { key, role: database.report.roles.migrator }).ready()).rejects.toMatchObject({
    code: "WT_ROLE_UNSAFE",
  });
  await expect(tenantPglite(db, { level: "plain" }).ready()).rejects.toMatchObject({ code: "WT_LEVEL_MISMATCH" });
  expect(() => tenantPglite(db, { key, statementTimeoutMs: 5 } as never)).toThrowError(
    expect.objectContaining({ code: "WT_CONFIG" }),
  );
  expect(() => tenantPglite({} as never, { key })).toThrowError(
    expect.objectContaining({ code: "WT_DRIVER_UNSUPPORTED" }),
  );
  const controller = new AbortController();
  const holding = tenants.for(tenantA).transaction(async () => controller.abort());
  await expect(tenants.for(tenantA).query("select 1", [], { signal: controller.signal })).rejects.toMatchObject({
    code: "WT_ABORTED",
  });
  await holding;
});

test("the ambient tenant is the one of the call, and a wrong token is refused without being told", async () => {
  const rows = await tenancy.run(tenantB, async () => (await tenants.sql`select min(id) as first from note`).rows);
  expect(rows).toEqual([{ first: 21 }]);
  const wrong = tenantPglite(database.db, { key: `abcd:${Buffer.alloc(32, 1).toString("base64url")}` });
  const error = (await wrong
    .for(tenantA)
    .query("select 1")
    .catch((thrown: unknown) => thrown)) as Error;
  expect(error).toMatchObject({ code: "WT_TOKEN_REFUSED" });
  expect(JSON.stringify([error.message, error.cause])).not.toMatch(/\\\\?x[0-9a-f]{64}/);
});
