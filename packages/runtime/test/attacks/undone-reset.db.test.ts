/**
 * A reset is as transactional as what it resets. When the next borrower rolls its own work back, A's leftovers are back too, and the borrower
 * after that must be given another reset.
 */
import { describeServers } from "@watertight/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Arena, makeArena } from "../../../schema/test/attacks/arena.ts";
import { tenancy } from "../../src/index.ts";
import { type AnyPool, hostilePool } from "./pool-trial.ts";

const ways: Readonly<
  Record<string, (pool: AnyPool, b: string, setState: (state: string) => Promise<unknown>) => Promise<unknown>>
> = {
  "failing query": (pool, b) =>
    pool
      .for(b)
      .query("select 1 / 0")
      .catch(() => {}),
  "stray ROLLBACK": (pool, b) => pool.for(b).query("rollback"),
  "rolled back transaction": (pool, b) =>
    pool
      .for(b)
      .transaction(() => Promise.reject(new Error("no")))
      .catch(() => {}),
  "BEGIN by hand, first statement fails": (pool, b) =>
    tenancy.run(b, async () => {
      const client = await pool.connect();
      await client.query("begin");
      await client.query("select 1 / 0").catch(() => {});
      await client.query("rollback");
      client.release();
    }),
  "transaction that is refused at its begin": async (pool, b, setState) => {
    await setState("suspended");
    const refused = await pool
      .for(b)
      .transaction(() => Promise.resolve())
      .catch((error: { code?: string }) => error.code);
    expect(refused).toBe("WT_TENANT_NOT_SERVED");
    await setState("active");
  },
  "ROLLBACK AND CHAIN": (pool, b) =>
    pool.for(b).transaction(async (tx) => {
      await tx.query("rollback and chain");
      await tx.query("select 1");
    }),
};

describeServers((server) => {
  let arena: Arena;
  beforeAll(async () => {
    arena = await makeArena(server);
  });
  afterAll(() => arena.drop());

  test.each(Object.keys(ways))("%s: the next query is reset again", async (way) => {
    const pool = hostilePool(arena);
    try {
      await pool.for(arena.world.a).query("select set_config('x.mark', 'of A', false)");
      const { b } = arena.world;
      await ways[way]!(pool, b, (state) =>
        arena.db.admin.query("select watertight.set_tenant_state($1, $2)", [b, state]),
      );
      const { rows } = await pool.for(arena.world.b).query("select current_setting('x.mark', true) as mark");
      expect(rows[0]?.["mark"] ?? "").toBe("");
    } finally {
      await pool.end();
    }
  });
});
