/**
 * Behaviour of postgres.js that the driver is built around. When one of these fails after an upgrade, the trap is gone
 * and the code that names this file can go as well.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { connect, createServer } from "node:net";
import { describeServers, freePort } from "@watertight/testkit";
import postgres from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tenantSql } from "../../../src/drivers/postgres-js/index.ts";
import { tenantA } from "../../isolation/note-table.ts";
import { type SqlDatabase, sqlDatabase } from "./sql-database.ts";

const hangs = async (work: Promise<unknown>): Promise<boolean> =>
  Promise.race([
    work.then(
      () => false,
      () => false,
    ),
    sleep(700, true),
  ]);

describeServers((server) => {
  let db: SqlDatabase;
  beforeAll(async () => {
    db = await sqlDatabase(server);
  });
  afterAll(() => db.close());

  test("reserve() hangs without fetched types; our lease does not", async () => {
    const alone = postgres(db.appUrl, { max: 1, fetch_types: false });
    expect(await hangs(alone.reserve())).toBe(true);
    void alone.end({ timeout: 0 });
    const { tenants } = db.open({ max: 1, fetch_types: false });
    expect([...(await tenants.for(tenantA).sql`select ${1}::int as one`)]).toEqual([{ one: 1 }]);
  });

  test("a reserved connection is given back in whatever state it is; ours is not", async () => {
    const alone = postgres(db.appUrl, { max: 1, onnotice: () => {} });
    const reserved = await alone.reserve();
    await reserved`begin`;
    await reserved`select set_config('my.leftover', 'of the last borrower', true)`;
    reserved.release();
    expect([...(await alone`select current_setting('my.leftover', true) as left`)]).toEqual([
      { left: "of the last borrower" },
    ]);
    await alone.end({ timeout: 0 });
    // The same through ours: failures.db.test.ts, "no connection stays in a transaction".
  });

  test("a failed connection attempt costs nothing afterwards", async () => {
    const target = new URL(db.appUrl);
    const port = await freePort();
    const url = new URL(db.appUrl);
    url.host = `127.0.0.1:${port}`;
    const { tenants } = db.open({ max: 1 }, {}, url.href);
    await expect(tenants.for(tenantA).sql`select 1`).rejects.toMatchObject({ code: "ECONNREFUSED" });
    const relay = createServer((socket) => {
      const onward = connect(Number(target.port), target.hostname);
      socket.pipe(onward).pipe(socket);
      for (const end of [socket, onward]) end.on("error", () => {});
    }).listen(port, "127.0.0.1");
    expect([...(await tenants.for(tenantA).sql`select ${1}::int as one`)]).toEqual([{ one: 1 }]);
    relay.close();
  });

  test("a value that can't be serialised in a pipeline is reported to another query; ours fails its own", async () => {
    const alone = postgres(db.appUrl, { max: 1 });
    const reserved = await alone.reserve();
    const [first, second] = await Promise.race([
      Promise.allSettled([reserved`select 1 as one`, reserved`select ${undefined as never}`]),
      sleep(700, [{ status: "rejected" }, { status: "pending" }] as const),
    ]);
    expect([first.status, second.status]).not.toEqual(["fulfilled", "rejected"]);
    void alone.end({ timeout: 0 });
  });

  test("the reason of a closed connection is reported to the next query as well; ours tries again", async () => {
    const alone = postgres(db.appUrl, { max: 1, onnotice: () => {} });
    const [row] = await alone`select pg_backend_pid() as pid`;
    const running = alone`select pg_sleep(5)`.catch(() => undefined);
    await sleep(100);
    await db.admin.query("select pg_terminate_backend($1)", [row?.["pid"]]);
    await running;
    await expect(alone`select 1`.then((rows) => rows.length)).rejects.toMatchObject({ code: "57P01" });
    await alone.end({ timeout: 0 });
    // The same through ours: failures.db.test.ts, "a connection that breaks".
  });

  test("a look-alike is refused before anything is sent", () => {
    for (const wrong of [undefined, {}, () => {}, Object.assign(() => {}, { unsafe() {}, reserve() {} })])
      expect(() => tenantSql(wrong as never, { key: db.key })).toThrowError(
        expect.objectContaining({ code: "WT_DRIVER_UNSUPPORTED" }),
      );
  });
});
