/** Everything beside queries: start-up refusals, transactions, pages, rows that must exist, unscoped work, routes. */
import { describeServers } from "@watertight/testkit";
import postgres from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { TenantTransaction } from "../../../src/drivers/postgres-js/index.ts";
import { tenancy } from "../../../src/index.ts";
import { tenantA, tenantB } from "../../isolation/note-table.ts";
import { type SqlDatabase, sqlDatabase } from "./sql-database.ts";

const count = "select count(*)::int as n, min(id) as first from note";

describeServers((server) => {
  let db: SqlDatabase;
  beforeAll(async () => {
    db = await sqlDatabase(server);
  });
  afterAll(() => db.close());

  test("start-up refuses unsafe roles, wrong levels and databases without the kit, and tries again later", async () => {
    const refused = (url: string, options = {}) => db.open({ max: 1 }, options, url).tenants.ready();
    await expect(refused(db.adminUrl)).rejects.toMatchObject({ code: "WT_ROLE_UNSAFE" });
    await expect(refused(db.url(db.roles.migrator))).rejects.toMatchObject({ code: "WT_ROLE_UNSAFE" });
    await expect(refused(db.appUrl, { level: "plain" })).rejects.toMatchObject({ code: "WT_LEVEL_MISMATCH" });
    await expect(refused(server.url())).rejects.toMatchObject({ code: "WT_KIT_MISSING" });
    expect(() => db.open({}, { key: "nonsense" })).toThrowError(expect.objectContaining({ code: "WT_KEY_INVALID" }));
    await db.admin.query(`grant temporary on database "${db.name}" to "${db.roles.app}"`);
    const { tenants } = db.open({ max: 1 });
    await expect(tenants.for(tenantA).query("select 1")).rejects.toMatchObject({ code: "WT_ROLE_NOT_HARDENED" });
    await db.admin.query(`revoke temporary on database "${db.name}" from "${db.roles.app}"`);
    expect(await tenants.ready()).toMatchObject({ role: db.roles.app, level: "sealed" });
  });

  test("where names can be listed there are none, and it is one round trip all the same", async () => {
    await db.admin.query(`grant select on pg_catalog.pg_prepared_statements to "${db.roles.app}"`);
    const { tenants } = db.open({ max: 1 });
    const result = await tenants.for(tenantA).sql`select ${1}::int as one`;
    expect(Reflect.get(result, "statement")).toMatchObject({ name: "" });
    await db.admin.query(`revoke select on pg_catalog.pg_prepared_statements from "${db.roles.app}"`);
  });

  test("behind a transaction pooler tokens are unbound and every transaction resets", async () => {
    const { tenants } = db.open({ max: 1 }, { pooler: "transaction" });
    expect([...(await tenants.for(tenantA).query(count))]).toEqual([{ n: 20, first: 1 }]);
    expect([...(await tenants.for(tenantB).query(count))]).toEqual([{ n: 20, first: 21 }]);
  });

  test("transactions commit, roll back, nest, and end", async () => {
    const { tenants } = db.open({ max: 2 });
    const a = tenants.for(tenantA);
    let kept: TenantTransaction<postgres.Sql> | undefined;
    await a.transaction(async (tx) => {
      kept = tx;
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
      await expect(tx.savepoint((inner) => inner.sql`select 1/0`)).rejects.toMatchObject({ code: "22012" });
      expect([...(await tx.sql`select count(*)::int as n from note where id >= 500`)]).toEqual([{ n: 2 }]);
      const [one, two] = await tx.batch([{ text: "select 1 as v" }, { text: "select $1::int as v", values: [2] }]);
      expect([one?.[0], two?.[0]]).toEqual([{ v: 1 }, { v: 2 }]);
      await expect(tenancy.run(tenantB, () => tx.query("select 1"))).rejects.toMatchObject({
        code: "WT_TENANT_MISMATCH",
      });
    });
    await expect(kept!.query("select 1")).rejects.toMatchObject({ code: "WT_SCOPE_ENDED" });
    await expect((async () => kept!.sql`select 1`)()).rejects.toMatchObject({ code: "WT_SCOPE_ENDED" });
    await expect(a.transaction((tx) => tx.query("select 1/0").catch(() => undefined))).rejects.toMatchObject({
      code: "WT_ROLLED_BACK",
    });
    expect((await a.sql`delete from note where id >= 500 returning id`).map((row) => row["id"])).toEqual([500, 502]);
    const [row] = await a.transaction(
      (tx) =>
        tx.query("select current_setting('transaction_isolation') as i, current_setting('transaction_read_only') as r"),
      { isolation: "repeatable read", readOnly: true },
    );
    expect(row).toEqual({ i: "repeatable read", r: "on" });
    await expect(
      a.transaction((tx) => tx.query("select 1"), { isolation: "x; drop table note" as never }),
    ).rejects.toMatchObject({ code: "WT_CONFIG" });
  });

  test("pages: all, ended early, failing, and with other statements in between", async () => {
    const { tenants } = db.open({ max: 1 });
    const a = tenants.for(tenantA);
    const ids: unknown[] = [];
    for await (const row of a.stream("select id from note where id > $1 order by id", [0], { batchSize: 7 }))
      ids.push(row["id"]);
    expect(ids).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    for await (const row of a.stream("select id from note order by id", [], { batchSize: 3 }))
      if (row["id"] === 4) break;
    await expect(
      (async () => {
        for await (const _ of a.stream("select 1/(id - 5) from note order by id", [], { batchSize: 2 }));
      })(),
    ).rejects.toMatchObject({ code: "22012" });
    let seen = 0;
    await a.transaction(async (tx) => {
      for await (const row of tx.stream("select id from note order by id", [], { batchSize: 5 })) {
        expect((await tx.sql`select body from note where id = ${row["id"] as number}`).length).toBe(1);
        seen++;
      }
    });
    expect(seen).toBe(20);
    // Decided when it is called, not when the loop runs.
    const rows = await tenancy.run(tenantA, () => ({
      stream: tenants.stream("select id from note order by id limit 1"),
    }));
    const got: unknown[] = [];
    await tenancy
      .run(tenantB, async () => {
        for await (const row of rows.stream) got.push(row["id"]);
      })
      .catch((error: { code?: string }) => got.push(error.code));
    expect(got).toEqual(["WT_TENANT_MISMATCH"]);
  });

  test("copyTo yields the tenant's rows; left early the rest is read and dropped", async () => {
    const { tenants } = db.open({ max: 1 });
    const a = tenants.for(tenantA);
    const text = await a.transaction(async (tx) => {
      let all = "";
      for await (const chunk of tx.copyTo("copy (select id from note order by id) to stdout")) all += chunk.toString();
      return all;
    });
    expect(text.trim().split("\n").map(Number)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    await a.transaction(async (tx) => {
      for await (const _ of tx.copyTo("copy (select generate_series(1, 200000)) to stdout")) break;
      expect([...(await tx.query(count))]).toEqual([{ n: 20, first: 1 }]);
    });
    await expect(
      a.transaction(async (tx) => {
        for await (const _ of tx.copyTo("copy open_log from stdin"));
      }),
    ).rejects.toMatchObject({ code: "WT_COPY" });
    expect([...(await a.query(count))]).toEqual([{ n: 20, first: 1 }]);
  });

  test("requireRow finds, or reports out of band what the caller must not learn", async () => {
    const { tenants } = db.open({ max: 1 });
    const a = tenants.for(tenantA);
    expect(await a.requireRow("note", { id: 1 })).toMatchObject({ body: "a1" });
    const foreign = await a.requireRow("public.note", { id: 21 }).catch((error: Error) => error);
    const absent = await a.requireRow("note", { id: 4711 }).catch((error: Error) => error);
    expect(foreign).toMatchObject({ code: "WT_ROW_NOT_FOUND" });
    expect((foreign as Error).message).toBe((absent as Error).message);
    await tenants.end();
    const { rows } = await db.admin.query("select kind, tenant from watertight.event order by id");
    expect(rows).toEqual([
      { kind: "cross_tenant_probe", tenant: tenantA },
      { kind: "missing_row", tenant: tenantA },
    ]);
  });

  test("unscoped work needs a reason and an instance, and is recorded first", async () => {
    const control = postgres(db.url(db.roles.control), { max: 1 });
    try {
      const { tenants } = db.open({}, { unscoped: control as unknown as postgres.Sql });
      await expect(tenants.unscoped({ reason: " " }, async () => 1)).rejects.toMatchObject({ code: "WT_UNSCOPED" });
      await expect(db.open().tenants.unscoped({ reason: "x" }, async () => 1)).rejects.toMatchObject({
        code: "WT_UNSCOPED",
      });
      const [row] = await tenants.unscoped({ reason: "nightly count" }, (sql) =>
        sql`select current_user as u`.then((rows) => [...rows]),
      );
      expect(row).toEqual({ u: db.roles.control });
      expect((await db.admin.query("select detail from watertight.event where kind = 'unscoped'")).rows).toEqual([
        { detail: { reason: "nightly count" } },
      ]);
    } finally {
      await control.end();
    }
  });

  test("a tenant that moved is found again, once, and without the caller noticing", async () => {
    const second = await sqlDatabase(server);
    try {
      const places: Record<string, string> = { one: db.appUrl, two: second.appUrl };
      const hints: unknown[] = [];
      let place = "one";
      const routes = {
        locate: async (_: string, hint?: { refresh: boolean; goto?: unknown }) => {
          if (hint) hints.push(hint);
          const goto = hint?.goto as { place?: string } | undefined;
          if (goto?.place) place = goto.place;
          return { id: place, config: { url: places[place] } };
        },
      };
      const { rows } = await db.admin.query<{ kid: string }>("select kid from watertight.key");
      expect(rows).toHaveLength(1);
      const made: postgres.Sql[] = [];
      const connect = ({ url }: { url?: string }): postgres.Sql => {
        const sql = postgres(url as string, { max: 1 }) as unknown as postgres.Sql;
        made.push(sql);
        return sql;
      };
      // Both databases are copies of one template, so one key signs for both.
      expect(second.key).toBe(db.key);
      const { tenants } = db.open({}, { routes, connect: connect as never });
      const database = async (tenant: string) =>
        (await tenants.for(tenant).query("select current_database() as d"))[0]?.["d"];
      expect(await database(tenantB)).toBe(db.name);
      await db.admin.query("select watertight.set_tenant_state($1, 'moved', $2)", [
        tenantB,
        JSON.stringify({ place: "two" }),
      ]);
      expect(await database(tenantB)).toBe(second.name);
      expect(hints).toEqual([{ refresh: true, goto: { place: "two" } }]);
      expect(made).toHaveLength(2);
      await second.admin.query("select watertight.set_tenant_state($1, 'suspended')", [tenantB]);
      await expect(database(tenantB)).rejects.toMatchObject({ code: "WT_TENANT_NOT_SERVED" });
      await tenants.end();
      await db.admin.query("select watertight.set_tenant_state($1, 'active')", [tenantB]);
    } finally {
      await second.close();
    }
  });

  test("an expired token is measured against the database's clock and sent again", async () => {
    const { tenants } = db.open({ max: 1 });
    await tenants.ready();
    const now = Date.now;
    try {
      Date.now = () => now() - 60_000;
      expect([...(await tenants.for(tenantA).query(count))]).toEqual([{ n: 20, first: 1 }]);
    } finally {
      Date.now = now;
    }
  });
});
