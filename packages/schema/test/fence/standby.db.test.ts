/**
 * A hot standby serves tenants, too: the kit only reads. A sealed value opens nothing on the other side, a token does, and the fence acts there as
 * soon as its row has arrived; who was reading when it flipped goes on to read what was there (documented: stale by the transaction's length).
 */
import { setTimeout as sleep } from "node:timers/promises";
import { primarySettings, sized, startServer, startStandby, type TestServer } from "@watertight/testkit";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { codeOf, type FenceGround, fenceGround, insert, other, tenant } from "./fence-ground.ts";

const look = "select count(*)::int as n from app.ledger";
const open = "select watertight.open($1)";
const keep = "select current_setting('watertight.ctx') as v";

describe.each(sized([18, 15] as const, [18] as const))("hot standby, PostgreSQL %s", (version) => {
  let primary: TestServer;
  let standby: TestServer;
  let ground: FenceGround;
  const clients: pg.Client[] = [];

  beforeAll(async () => {
    primary = await startServer({ version, settings: primarySettings });
    ground = await fenceGround(primary);
    for (const of of [tenant, other])
      await ground.db.admin.query(`insert into app.ledger (tenant_id, what) values ('${of}', 'row')`);
    standby = await startStandby(primary);
  }, 120_000);
  afterAll(async () => {
    await Promise.all(clients.map((client) => client.end().catch(() => {})));
    await standby?.stop();
    await ground?.close();
    await primary?.stop();
  });

  const reader = async (): Promise<pg.Client> => {
    const client = new pg.Client({ connectionString: standby.url(ground.db.name, ground.db.roles.app) });
    client.on("error", () => {});
    clients.push(client);
    await client.connect();
    return client;
  };
  /** Waits until the standby has all that the primary wrote. */
  const caughtUp = async (): Promise<void> => {
    const { rows } = await ground.db.admin.query("select pg_current_wal_insert_lsn()::text as lsn");
    const client = new pg.Client({ connectionString: standby.url(ground.db.name) });
    await client.connect();
    try {
      for (let round = 0; round < 1000; round++) {
        const there = await client.query("select pg_last_wal_replay_lsn() >= $1::pg_lsn as done", [rows[0].lsn]);
        if (there.rows[0].done === true) return;
        await sleep(10);
      }
      throw new Error("the standby does not follow");
    } finally {
      await client.end();
    }
  };
  const rowsOf = async (client: pg.Client): Promise<number> => (await client.query(look)).rows[0].n;

  test("a tenant reads its own rows there, and nobody writes", async () => {
    const client = await reader();
    await client.query("begin");
    expect(await codeOf(client.query(look))).toBe("WT004");
    await client.query("rollback; begin");
    await client.query(open, [ground.token()]);
    expect(await rowsOf(client)).toBe(1);
    expect(await codeOf(client.query(insert))).toBe("25006");
    await client.query("rollback");
  });

  test("a sealed value of one side is dead on the other, and the next borrower is served", async () => {
    const [here, there] = [await ground.connect("app"), await reader()];
    for (const client of [here, there]) {
      await client.query("begin");
      await client.query(open, [ground.token()]);
    }
    const kept = await Promise.all([here, there].map(async (client) => (await client.query(keep)).rows[0].v as string));
    for (const client of [here, there]) await client.query("rollback; begin");
    for (const [client, value] of [
      [here, kept[1]],
      [there, kept[0]],
    ] as const) {
      await client.query("select set_config('watertight.ctx', $1, true)", [value]);
      expect(await codeOf(client.query(look))).toBe("WT004");
      await client.query("rollback; begin");
      await client.query(open, [ground.token(other)]);
      expect(await rowsOf(client)).toBe(1);
      await client.query("rollback");
    }
    // its own value, set again in its own transaction, is a context: what refuses above is the seal, not the statement
    await there.query("begin");
    await there.query(open, [ground.token()]);
    const own = (await there.query(keep)).rows[0].v as string;
    await there.query("select set_config('watertight.ctx', '', true)");
    await there.query("select set_config('watertight.ctx', $1, true)", [own]);
    expect(await rowsOf(there)).toBe(1);
    await there.query("rollback");
  });

  test("the fence acts once its row has arrived; the mover never waits for readers there", async () => {
    const client = await reader();
    await client.query("begin isolation level repeatable read");
    await client.query(open, [ground.token()]);
    expect(await rowsOf(client)).toBe(1);
    // no lock of the standby stands in the way: this ends although the reader is open
    await ground.db.admin.query("set lock_timeout = '5s'");
    await ground.db.admin.query("select watertight.set_tenant_state($1, 'moved')", [tenant]);
    await caughtUp();
    expect(await rowsOf(client)).toBe(1);
    await client.query("commit; begin");
    expect(await codeOf(client.query(open, [ground.token()]))).toBe("WT002");
    await client.query("rollback; begin");
    await client.query(open, [ground.token(other)]);
    expect(await rowsOf(client)).toBe(1);
    await client.query("rollback");
    await ground.reset();
  });
});
