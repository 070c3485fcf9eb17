/** What happens when something goes wrong: which error, and what becomes of the connection. */
import { countingProxy, describeServers } from "@watertight/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tenancy } from "../../../src/index.ts";
import { tenantA, tenantB } from "../../isolation/note-table.ts";
import { type SqlDatabase, sqlDatabase } from "./sql-database.ts";

const pidText = "select pg_backend_pid() as pid";

describeServers((server) => {
  let db: SqlDatabase;
  beforeAll(async () => {
    db = await sqlDatabase(server);
  });
  afterAll(() => db.close());
  const idle = async (): Promise<string[]> =>
    (
      await db.admin.query<{ state: string }>(
        "select state from pg_stat_activity where datname = current_database() and usename = $1",
        [db.roles.app],
      )
    ).rows.map(({ state }) => state);

  test("an error keeps the connection, and nothing of the transaction", async () => {
    const { tenants } = db.open({ max: 1 });
    const a = tenants.for(tenantA);
    const [before] = await a.query<{ pid: number }>(pidText);
    await expect(
      a.batch([{ text: "insert into note values ($1, 960, 'x')", values: [tenantA] }, { text: "select 1/0" }]),
    ).rejects.toMatchObject({ code: "22012" });
    expect([...(await a.sql`select id from note where id = 960`)]).toEqual([]);
    expect([...(await a.query(pidText))]).toEqual([before]);
    // Deferred to COMMIT, which is what fails then.
    await db.admin.query(
      `create table if not exists late (a int unique deferrable initially deferred); grant all on late to ${db.roles.app}`,
    );
    await expect(a.sql`insert into late values (1), (1)`).rejects.toMatchObject({ code: "23505" });
    expect([...(await a.sql`select * from late`)]).toEqual([]);
  });

  test("a value that can't be serialised fails its own query and no other", async () => {
    const { tenants } = db.open({ max: 1 });
    const a = tenants.for(tenantA).sql;
    await a`select ${1}::int as one`;
    for (const wrong of [
      () => a`select ${undefined as never}`,
      () => a`select ${new Date(NaN)}`,
      () => a`select ${1}::int, ${Symbol("x") as never}`,
    ]) {
      await expect(wrong()).rejects.toThrow();
      expect([...(await a`select ${7}::int as n`)]).toEqual([{ n: 7 }]);
    }
    const mixed = await Promise.allSettled([
      a`select ${1}::int as n`,
      a`select ${undefined as never}`,
      a`select ${2}::int as n`,
    ]);
    expect(mixed.map((one) => (one.status === "fulfilled" ? one.value[0] : "failed"))).toEqual([
      { n: 1 },
      "failed",
      { n: 2 },
    ]);
    // In a transaction: other queries may be on their way when it happens.
    await expect(
      tenants
        .for(tenantA)
        .transaction((tx) => Promise.all([tx.sql`select pg_sleep(0.05)`, tx.sql`select ${undefined as never}`])),
    ).rejects.toMatchObject({ code: "UNDEFINED_VALUE" });
    expect([...(await a`select count(*)::int as n from note`)]).toEqual([{ n: 20 }]);
  });

  test("an aborted call is cancelled on the server and its connection is not used again", async () => {
    const { tenants } = db.open({ max: 1 });
    const a = tenants.for(tenantA);
    const [before] = await a.query<{ pid: number }>(pidText);
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error("enough")), 50);
    const started = Date.now();
    await expect(
      a.query("insert into note select $1, 970, 'late' from pg_sleep(10)", [tenantA], { signal: controller.signal }),
    ).rejects.toMatchObject({ code: "WT_ABORTED" });
    expect(Date.now() - started).toBeLessThan(3000);
    const [after] = await a.query<{ pid: number }>(pidText);
    expect(after).not.toEqual(before);
    expect([...(await a.sql`select id from note where id = 970`)]).toEqual([]);
    await expect(a.query("select 1", [], { signal: controller.signal })).rejects.toMatchObject({ code: "WT_ABORTED" });
    // Waiting for the only connection: given up without having been sent.
    const holding = a.query("select pg_sleep(0.3)");
    await expect(a.query("select 1", [], { signal: AbortSignal.timeout(50) })).rejects.toMatchObject({
      code: "WT_ABORTED",
    });
    await holding;
    expect([...(await a.query("select 1 as one"))]).toEqual([{ one: 1 }]);
  });

  test("an aborted transaction stops, is rolled back, and its connection is not used again", async () => {
    const { tenants } = db.open({ max: 1 });
    const a = tenants.for(tenantA);
    const [before] = await a.query<{ pid: number }>(pidText);
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 100);
    await expect(
      a.transaction(
        async (tx) => {
          await tx.sql`insert into note values (${tenantA}, 971, 'x')`;
          await tx.sql`select pg_sleep(10)`;
        },
        { signal: controller.signal },
      ),
    ).rejects.toMatchObject({ code: "WT_ABORTED" });
    expect([...(await a.query("select id from note where id = 971"))]).toEqual([]);
    expect([...(await a.query<{ pid: number }>(pidText))]).not.toEqual([before]);
  });

  test("a statement timeout of ours is typed, and the connection stays", async () => {
    const { tenants } = db.open({ max: 1 }, { statementTimeoutMs: 100 });
    const a = tenants.for(tenantA);
    const [before] = await a.query<{ pid: number }>(pidText);
    await expect(a.sql`select pg_sleep(5)`).rejects.toMatchObject({ code: "WT_STATEMENT_TIMEOUT", sqlstate: "57014" });
    expect([...(await a.query<{ pid: number }>(pidText))]).toEqual([before]);
    await expect(a.query("select pg_sleep(5)", [], { statementTimeoutMs: 0 })).rejects.toMatchObject({
      code: "WT_CONFIG",
    });
  });

  test("a lost statement and a changed result type are tried again; a changed parameter type as well", async () => {
    await db.admin.query(
      `create table if not exists shape (a int, b int); alter table shape owner to ${db.roles.owner}; grant all on shape to ${db.roles.app}; insert into shape values (1, 2)`,
    );
    const { sql, tenants } = db.open({ max: 1 });
    const a = tenants.for(tenantA).sql;
    const all = () => a`select * from shape where a = ${1}`;
    await all();
    await db.admin.query("alter table shape alter b type text using 'two'");
    expect([...(await all())]).toEqual([{ a: 1, b: "two" }]);
    // Level sealed does not let the app role drop what it can't name; the server's own DEALLOCATE ALL does.
    await sql`deallocate all`;
    expect([...(await all())]).toEqual([{ a: 1, b: "two" }]);
    await db.admin.query("alter table shape alter a type text");
    expect([...(await a`select b from shape where a = ${"1"}`)]).toEqual([{ b: "two" }]);
    const other = (value: string) => a`insert into shape (b) values (${value})`;
    await db.admin.query("alter table shape alter b type int using 2");
    await other("3");
    await db.admin.query("alter table shape alter b type text");
    await other("three");
    expect([...(await a`select b from shape where a is null order by b`)]).toEqual([{ b: "3" }, { b: "three" }]);
  });

  test("a connection that breaks in the middle fails the call, and the next one gets another", async () => {
    const proxy = await countingProxy(server);
    try {
      const { tenants } = db.open({ max: 1 }, {}, proxy.url(db.appUrl));
      const a = tenants.for(tenantA);
      await a.query("select 1");
      for (const signal of ["self", "tx"] as const) {
        const [{ pid } = { pid: 0 }] = await a.query<{ pid: number }>(pidText);
        const running =
          signal === "self" ? a.query("select pg_sleep(10)") : a.transaction((tx) => tx.query("select pg_sleep(10)"));
        setTimeout(() => void db.admin.query("select pg_terminate_backend($1)", [pid]), 100);
        await expect(running).rejects.toThrow();
        expect([...(await a.query("select 1 as one"))]).toEqual([{ one: 1 }]);
      }
    } finally {
      await db.close();
      await proxy.stop();
      db = await sqlDatabase(server);
    }
  });

  test("no connection stays in a transaction", async () => {
    const { tenants } = db.open({ max: 3 });
    const a = tenants.for(tenantA);
    await Promise.allSettled([
      a.query("begin"),
      a.query("start transaction isolation level serializable"),
      a.query("commit and chain"),
      a.query("savepoint x"),
      a.transaction((tx) => tx.query("commit")),
      a.transaction((tx) => tx.query("rollback").then(() => tx.query("begin"))),
      a.transaction((tx) => tx.query("select 1/0").catch(() => undefined)),
    ]);
    expect(await idle()).not.toContain("idle in transaction");
    expect(await idle()).not.toContain("idle in transaction (aborted)");
    expect([...(await tenants.for(tenantB).sql`select count(*)::int as n from note`)]).toEqual([{ n: 20 }]);
  });

  test("no error carries a token", async () => {
    const logged: string[] = [];
    const debug = (_: unknown, text: string, values: unknown[]): void =>
      void logged.push(text + JSON.stringify(values));
    const wrong = `abcd:${Buffer.alloc(32, 1).toString("base64url")}`;
    const { tenants } = db.open({ debug } as never, { key: wrong });
    const error = (await tenants.for(tenantA).sql`select 1`.then(undefined, (thrown: unknown) => thrown)) as Error;
    expect(error).toMatchObject({ code: "WT_TOKEN_REFUSED" });
    const seen = JSON.stringify([
      error.message,
      error.stack,
      Object.getOwnPropertyNames(error.cause).map((name) => Reflect.get(error.cause as object, name) as unknown),
    ]);
    expect(seen + logged.join("")).not.toMatch(/\\\\?x[0-9a-f]{64}/);
    expect(logged.join("")).toContain("watertight.open");
  });

  test("events tell of denied access and of a missing tenant", async () => {
    const told: unknown[] = [];
    const off = [
      tenancy.on("denied", (event) => told.push(event)),
      tenancy.on("missing-context", (event) => told.push(event)),
    ];
    const { tenants } = db.open();
    await tenants.for(tenantA).sql`insert into note values (${tenantB}, 980, 'x')`.catch(() => undefined);
    await tenants.query("select 1").catch(() => undefined);
    off.forEach((stop) => stop());
    expect(told).toEqual([{ code: "WT_ACCESS_DENIED", tenant: tenantA, sqlstate: "42501" }, { surface: "sql" }]);
  });
});
