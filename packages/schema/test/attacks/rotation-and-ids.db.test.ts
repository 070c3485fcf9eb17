/**
 * Key rotation under load, and tenant ids that are hostile on purpose: every id sees exactly its own row, whatever its characters.
 */
import { randomBytes } from "node:crypto";
import { tenantPool, type TenantPool } from "@watertight/runtime/pg";
import { createDatabase, describeServers, type TestDatabase } from "@watertight/testkit";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { protectTable } from "../../src/protect/protect-table.ts";

const textIds = [
  "a",
  "a1",
  "A",
  "a%",
  "%",
  "_",
  "*",
  "a'",
  "a''",
  'a"b',
  "a\\b",
  "a.b",
  ".",
  "a b",
  " a",
  "a ",
  "  ",
  "${x}",
  "$1",
  "a;drop table t",
  "--",
  "\n",
  "\t",
  "caf\u00e9",
  "cafe\u0301",
  "\u{1f512}",
  "null",
  "NULL",
  "0",
  "00",
  "x".repeat(199),
  "x".repeat(200),
  "\u00e9".repeat(100),
  `k${"0".repeat(63)}`,
  "\u202e",
  "\ufeff",
] as const;
const bigints = ["0", "1", "-1", "7", "9223372036854775807", "-9223372036854775808"] as const;

describeServers((server) => {
  let db: TestDatabase;
  const pools: { end(): Promise<void> }[] = [];
  const pool = (options: object): pg.Pool & TenantPool => {
    const made = tenantPool(pg, { connectionString: db.appUrl, key: db.key, max: 2, ...options });
    made.on("error", () => {});
    pools.push(made);
    return made;
  };

  beforeAll(async () => {
    db = await createDatabase(server, { kit: true });
    await db.admin.query("create schema app");
    for (const [type, ids] of [
      ["text", textIds],
      ["bigint", bigints],
    ] as const) {
      await db.admin.query(
        `create table app.${type}s (tenant_id ${type} not null, id int not null, own text not null, primary key (tenant_id, id))`,
      );
      for (const id of ids) {
        await db.admin.query(`insert into app.${type}s values ($1, 1, $2)`, [id, Buffer.from(id).toString("hex")]);
        await db.admin.query("select watertight.register_tenant($1)", [id]);
      }
      await db.admin.query(`alter table app.${type}s owner to "${db.roles.owner}"`);
      await protectTable(db.admin, { table: `app.${type}s`, tenantColumn: "tenant_id" });
      await db.admin.query(`grant select, insert, update, delete on app.${type}s to "${db.roles.app}"`);
    }
  });
  afterAll(async () => {
    await Promise.all(pools.map((each) => each.end()));
    await db?.drop();
  });

  describe.each([
    ["text", textIds],
    ["bigint", bigints],
  ] as const)("%s ids", (type, ids) => {
    test("each sees its own row and writes nowhere else", async () => {
      const tenants = pool({ tenantIdType: type });
      for (const id of ids) {
        const { rows } = await tenants.for(id).query(`select own from app.${type}s`);
        expect(rows, JSON.stringify(id)).toEqual([{ own: Buffer.from(id).toString("hex") }]);
        const changed = await tenants.for(id).query(`update app.${type}s set id = id`);
        expect(changed.rowCount, JSON.stringify(id)).toBe(1);
        const foreign = ids[(ids.indexOf(id as never) + 1) % ids.length];
        const planted = await tenants
          .for(id)
          .query(`insert into app.${type}s values ($1, 2, 'x')`, [foreign])
          .then(
            () => "planted",
            () => "refused",
          );
        expect(planted).toBe("refused");
      }
    });
  });

  test("what is no id is refused before anything is sent", async () => {
    const texts = pool({ tenantIdType: "text" });
    const numbers = pool({ tenantIdType: "bigint" });
    for (const id of ["", "a\0b", "\0", "x".repeat(201), "\u00e9".repeat(101), "\ud800", "x".repeat(1 << 20)])
      expect(() => texts.for(id)).toThrow(expect.objectContaining({ code: "WT_TENANT_INVALID" }));
    for (const id of ["", "x", "1.5", "1e3", " 1", "9223372036854775808", "0x10", "1;select 1"])
      expect(() => numbers.for(id)).toThrow(expect.objectContaining({ code: "WT_TENANT_INVALID" }));
    // Another spelling of the same number is the same tenant.
    expect((await numbers.for("007").query("select own from app.bigints")).rows).toEqual([
      { own: Buffer.from("7").toString("hex") },
    ]);
  });

  test("rotation under load: both keys are good until the old one is retired, and nothing fails in between", async () => {
    const fresh = randomBytes(32);
    const before = pool({ tenantIdType: "text" });
    const after = pool({ tenantIdType: "text", key: `next:${fresh.toString("base64url")},${db.key}` });
    const codes: string[] = [];
    let on = true;
    let served = 0;
    let users: TenantPool = before;
    const ask = async (): Promise<void> => {
      for (let at = 0; on; at = (at + 1) % textIds.length)
        await users
          .for(textIds[at]!)
          .query("select own from app.texts")
          .then(
            ({ rows }) => (rows.length === 1 ? served++ : codes.push("wrong")),
            (error: { code: string }) => codes.push(error.code),
          );
    };
    const load = [ask(), ask(), ask()];
    const until = async (more: number): Promise<void> => {
      for (const target = served + more; served < target && codes.length === 0;)
        await new Promise((resolve) => setTimeout(resolve, 5));
    };
    await until(30);
    const pad = (byte: number): Buffer => Buffer.alloc(64, byte).map((value, at) => value ^ (fresh[at] ?? 0)) as Buffer;
    await db.admin.query("insert into watertight.key (kid, app_ipad, app_opad) values ('next', $1, $2)", [
      pad(0x36),
      pad(0x5c),
    ]);
    await until(30);
    users = after;
    await until(60);
    await db.admin.query("delete from watertight.key where kid <> 'next'");
    await until(30);
    on = false;
    await Promise.all(load);
    expect(codes).toEqual([]);
    expect(served).toBeGreaterThanOrEqual(150);
    const refused = await before
      .for("a")
      .query("select 1")
      .catch((error: { code: string; cause?: { detail?: string } }) => error);
    expect(refused).toMatchObject({ code: "WT_TOKEN_REFUSED", cause: { detail: "unknown key" } });
  });
});
