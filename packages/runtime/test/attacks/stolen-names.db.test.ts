/**
 * Statement names are secrets: who knows one can deallocate it and prepare something else under it, and the next tenant's request runs that
 * with its own token. Here A learns names without any list of them, from an error message and from debug notices.
 */
import { describeServers } from "@watertight/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Arena, makeArena } from "../../../schema/test/attacks/arena.ts";
import { listenTo } from "./pool-listener.ts";
import { type AnyPool, hostilePool } from "./pool-trial.ts";

const name = /wt[0-9a-f]{32}_/;
const mark = "CANARY-SWAPPED";

// Every name that the pool may use for open(), taken over. Not `_1` upwards: open is what carries the token.
async function swap(pool: AnyPool, a: string, prefix: string): Promise<void> {
  for (let number = 0; number < 4; number++) {
    await pool
      .for(a)
      .query(`deallocate "${prefix}${number}"`)
      .catch(() => {});
    await pool
      .for(a)
      .query(
        `prepare "${prefix}${number}"(bytea) as select watertight.open($1), set_config('application_name', '${mark}', false)`,
      )
      .catch(() => {});
  }
}

/** Ways to learn a name; each answers the prefix, or undefined. */
const ways: Readonly<Record<string, (pool: AnyPool, a: string, heard: () => string) => Promise<string | undefined>>> = {
  "error of a deallocated statement": async (pool, a) => {
    let told = "";
    await pool
      .for(a)
      .transaction(async (tx) => {
        await tx.query("select 1 as one");
        await tx.query("deallocate all");
        await tx.query("select 1 as one").catch((error: Error) => {
          told = error.message;
          throw error;
        });
      })
      .catch(
        (error: { message: string; cause?: { message?: string } }) =>
          (told += error.message + (error.cause?.message ?? "")),
      );
    return name.exec(told)?.[0];
  },
  "debug notices": async (pool, a, heard) => {
    await pool.for(a).query("set client_min_messages = debug2");
    heard();
    await pool.for(a).query("select 2 as two");
    return name.exec(heard())?.[0];
  },
};

describeServers((server) => {
  let arena: Arena;
  beforeAll(async () => {
    arena = await makeArena(server);
  });
  afterAll(() => arena.drop());

  describe.each(Object.keys(ways))("%s", (way) => {
    test("B's token never reaches A's statement", async () => {
      const pool = hostilePool(arena, { prepare: "all" });
      const listener = listenTo(pool);
      try {
        const { a, b } = arena.world;
        await pool.for(b).query("select secret from projects");
        await pool.for(a).query("select secret from projects");
        const prefix = await ways[way]!(pool, a, () => listener.heard());
        if (prefix !== undefined) await swap(pool, a, prefix);
        listener.heard();
        const { rows } = await pool.for(b).query("select secret from projects");
        expect(rows).toHaveLength(3);
        expect(listener.heard()).not.toContain(mark);
      } finally {
        await pool.end();
      }
    });
  });
});
