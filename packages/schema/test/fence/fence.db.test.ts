/**
 * The fence: no row is committed for a tenant after it was moved, whatever the isolation level and the form of the request; and the unsound
 * ways of writing it let rows through under the very same interleaving.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { tenantPool } from "@watertight/runtime/pg";
import { describeServers } from "@watertight/testkit";
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { codeOf, type FenceGround, fenceGround, insert, other, pidOf, tenant } from "./fence-ground.ts";
import { epochInTheMiddle, unsoundOpens } from "./unsound-opens.ts";

const isolations = ["read committed", "repeatable read", "serializable"] as const;
const flip = 'select watertight.set_tenant_state($1, $2, \'{"cell": "next"}\')';

/** Each answers how many rows were committed after the flip, and how the writer ended. */
const interleavings = {
  // The writer has opened; the mover must wait for it.
  async "mover comes while a writer is open"(ground: FenceGround, isolation: string): Promise<Outcome> {
    const [writer, mover] = await Promise.all([ground.connect("app"), ground.connect("control")]);
    await writer.query(`begin isolation level ${isolation}`);
    await writer.query("select watertight.open($1)", [ground.token()]);
    await mover.query("set lock_timeout = '150ms'");
    if (await codeOf(mover.query(flip, [tenant, "moved"])))
      return { late: 0, code: await codeOf(writer.query(insert).then(() => writer.query("commit"))) };
    const before = await ground.rows();
    const code = await codeOf(writer.query(insert).then(() => writer.query("commit")));
    return { late: (await ground.rows()) - before, code };
  },
  // The writer waits for the mover's lock and wakes up after the flip.
  async "writer comes while a mover is at work"(ground: FenceGround, isolation: string): Promise<Outcome> {
    const [writer, mover] = await Promise.all([ground.connect("app"), ground.connect("control")]);
    // Warm: the first open of a connection takes the slow path, which has a snapshot of its own.
    await writer.query("select watertight.open($1)", [ground.token()]);
    await mover.query("begin");
    await mover.query(flip, [tenant, "moved"]);
    await writer.query(`begin isolation level ${isolation}`);
    const opened = codeOf(writer.query("select watertight.open($1)", [ground.token()]));
    await Promise.race([ground.untilWaiting(writer), opened]);
    // Counted while everybody waits: after the commit the writer may be faster than we are.
    const before = await ground.rows();
    await mover.query("commit");
    const code = (await opened) ?? (await codeOf(writer.query(insert).then(() => writer.query("commit"))));
    return { late: (await ground.rows()) - before, code };
  },
  // The writer's snapshot is older than the flip; there is nothing to wait for.
  async "writer has an old snapshot"(ground: FenceGround, isolation: string): Promise<Outcome> {
    const [writer, mover] = await Promise.all([ground.connect("app"), ground.connect("control")]);
    await writer.query(`begin isolation level ${isolation}`);
    await writer.query("select count(*) from pg_catalog.pg_class");
    await mover.query(flip, [tenant, "moved"]);
    const before = await ground.rows();
    const opened = await codeOf(writer.query("select watertight.open($1)", [ground.token()]));
    const code = opened ?? (await codeOf(writer.query(insert).then(() => writer.query("commit"))));
    return { late: (await ground.rows()) - before, code };
  },
  // One write on the wire, one Sync: the runtime's own one-shot query.
  async "one-shot query while a mover is at work"(ground: FenceGround, isolation: string): Promise<Outcome> {
    const mover = await ground.connect("control");
    const pool = oneShotPool(ground, isolation);
    try {
      await pool.for(tenant).query("select 1");
      const pid = (await pool.for(tenant).query("select pg_backend_pid() as pid")).rows[0]?.["pid"] as number;
      await mover.query("begin");
      await mover.query(flip, [tenant, "moved"]);
      const done = codeOf(pool.for(tenant).query(insert));
      await Promise.race([ground.untilWaiting({ processID: pid } as unknown as pg.Client), done]);
      const before = await ground.rows();
      await mover.query("commit");
      const code = await done;
      return { late: (await ground.rows()) - before, code };
    } finally {
      await pool.end();
    }
  },
};

interface Outcome {
  late: number;
  code: string | undefined;
}

function oneShotPool(ground: FenceGround, isolation: string, max = 1): ReturnType<typeof tenantPool<typeof pg>> {
  const pool = tenantPool(pg, {
    connectionString: ground.db.appUrl,
    key: ground.db.key,
    max,
    options: `-c default_transaction_isolation=${isolation.replace(" ", "\\ ")}`,
  });
  pool.on("error", () => {});
  return pool;
}

describeServers((server) => {
  let ground: FenceGround;
  beforeAll(async () => {
    ground = await fenceGround(server);
  });
  afterEach(() => ground.reset());
  afterAll(() => ground.close());

  describe.each(isolations)("%s", (isolation) => {
    test.each(Object.keys(interleavings) as (keyof typeof interleavings)[])("%s: no late row", async (name) => {
      const { late, code } = await interleavings[name](ground, isolation);
      expect(late).toBe(0);
      // Only the writer that was there first was served.
      if (name === "mover comes while a writer is open") expect(code).toBeUndefined();
      else if (name === "writer has an old snapshot")
        expect(code).toBe(isolation === "read committed" ? "WT002" : "40001");
      else if (name === "one-shot query while a mover is at work") expect(code).toBe("WT_TENANT_NOT_SERVED");
      else expect(code).toBe(isolation === "read committed" ? "WT002" : "40001");
    });

    test("moves there and back under load: no late row", async () => {
      const pool = oneShotPool(ground, isolation, 4);
      const mover = await ground.connect("control");
      let on = true;
      let written = 0;
      const writer = async (explicit: boolean): Promise<void> => {
        while (on) {
          const work = explicit
            ? pool.for(tenant).transaction((tx) => tx.query(insert))
            : pool.for(tenant).query(insert);
          await work.then(
            () => written++,
            () => sleep(1),
          );
        }
      };
      const writers = [writer(true), writer(false), writer(true), writer(false)];
      let late = 0;
      try {
        for (let move = 0; move < 10; move++) {
          const target = written + 3;
          for (let round = 0; round < 400 && written < target; round++) await sleep(5);
          await mover.query(flip, [tenant, "moved"]);
          const at = await ground.rows();
          await sleep(10);
          late += (await ground.rows()) - at;
          await mover.query(flip, [tenant, "active"]);
        }
      } finally {
        on = false;
        await Promise.all(writers);
        await pool.end();
      }
      expect(written).toBeGreaterThanOrEqual(30);
      expect(late).toBe(0);
    });
  });

  describe("unsound", () => {
    const controls = [
      ["no lock", "mover comes while a writer is open", "read committed"],
      ["lock and fence row in one query", "writer comes while a mover is at work", "read committed"],
      ["lock and fence row in one query", "one-shot query while a mover is at work", "read committed"],
      ["stable open", "writer comes while a mover is at work", "read committed"],
      ["stable open", "one-shot query while a mover is at work", "read committed"],
      ["no epoch check", "writer has an old snapshot", "repeatable read"],
      ["no epoch check", "writer has an old snapshot", "serializable"],
      ["no epoch check", "writer comes while a mover is at work", "repeatable read"],
    ] as const;
    test.each(controls)("%s: %s, %s: a late row", async (variant, name, isolation) => {
      const unsound = await fenceGround(server);
      try {
        await unsound.db.admin.query(unsoundOpens[variant]!);
        expect((await interleavings[name](unsound, isolation)).late).toBe(1);
      } finally {
        await unsound.close();
      }
    });

    test("epoch raised in the middle: a rolled back move refuses every repeatable read transaction", async () => {
      const unsound = await fenceGround(server);
      try {
        await unsound.db.admin.query(epochInTheMiddle);
        expect(await afterUnknownTenant(unsound)).toBe("40001");
      } finally {
        await unsound.close();
      }
    });
  });

  // An operator's typing error must not stop anybody (Q2).
  async function afterUnknownTenant(on: FenceGround): Promise<string | undefined> {
    const [mover, writer] = await Promise.all([on.connect("control"), on.connect("app")]);
    expect(await codeOf(mover.query(flip, ["nobody", "moved"]))).toBe("WT002");
    await mover.query("begin");
    await mover.query(flip, [tenant, "suspended"]);
    await mover.query("rollback");
    await writer.query("begin isolation level repeatable read");
    return codeOf(writer.query("select watertight.open($1)", [on.token(other)]));
  }

  test("a refused or rolled back move changes nothing for anybody", async () => {
    expect(await afterUnknownTenant(ground)).toBeUndefined();
  });

  describe("the mover is killed", () => {
    const serve = async (isolation: string, of = tenant): Promise<string | undefined> => {
      const writer = await ground.connect("app");
      await writer.query(`begin isolation level ${isolation}`);
      return codeOf(writer.query("select watertight.open($1)", [ground.token(of)]));
    };
    const killed = async (before: string): Promise<void> => {
      const mover = await ground.connect("control");
      await mover.query("begin");
      await mover.query(flip, [tenant, "moved"]);
      await mover.query(before);
      await ground.db.admin.query("select pg_catalog.pg_terminate_backend($1, 5000)", [pidOf(mover)]);
    };

    test("before the epoch was raised: served at once", async () => {
      await killed("select 1");
      for (const isolation of isolations) expect(await serve(isolation)).toBeUndefined();
    });

    test("after it, before the commit: read committed is served, older snapshots are refused until the next move levels it", async () => {
      await killed("set constraints all immediate");
      expect(await serve("read committed")).toBeUndefined();
      expect(await serve("repeatable read")).toBe("40001");
      expect(await serve("serializable")).toBe("40001");
      const mover = await ground.connect("control");
      await mover.query(flip, [other, "active"]);
      for (const isolation of isolations) expect(await serve(isolation)).toBeUndefined();
    });

    test("after the commit: nobody is served", async () => {
      const mover = await ground.connect("control");
      await mover.query(flip, [tenant, "moved"]);
      await ground.db.admin.query("select pg_catalog.pg_terminate_backend($1, 5000)", [pidOf(mover)]);
      for (const isolation of isolations) expect(await serve(isolation)).toBe("WT002");
      expect(await serve("read committed", other)).toBeUndefined();
    });
  });

  test("unknown tenant and moved tenant: WT002 with state and place", async () => {
    const writer = await ground.connect("app");
    const detail = async (of: string): Promise<unknown> =>
      writer.query("select watertight.open($1)", [ground.token(of)]).then(
        () => undefined,
        (error: { code: string; detail: string }) => ({ code: error.code, ...(JSON.parse(error.detail) as object) }),
      );
    expect(await detail("cccccccc-0000-4000-8000-00000000000c")).toEqual({
      code: "WT002",
      state: "unknown",
      goto: null,
    });
    await ground.db.admin.query(flip, [tenant, "moved"]);
    expect(await detail(tenant)).toEqual({ code: "WT002", state: "moved", goto: '{"cell": "next"}' });
  });

  test("a second tenant in one transaction: WT003; the same tenant again is fine", async () => {
    const writer = await ground.connect("app");
    await writer.query("begin");
    for (let i = 0; i < 2; i++) await writer.query("select watertight.open($1)", [ground.token()]);
    await writer.query("savepoint s");
    expect(await codeOf(writer.query("select watertight.open($1)", [ground.token(other)]))).toBe("WT003");
    // It is there for honest mistakes: who clears the setting and holds the other tenant's token gets in.
    await writer.query("rollback to s");
    await writer.query("select set_config('watertight.ctx', '', true)");
    expect(await codeOf(writer.query("select watertight.open($1)", [ground.token(other)]))).toBeUndefined();
  });

  test("the fence's statement timeout acts on the statement behind it, and ends with it", async () => {
    await ground.db.admin.query("update watertight.fence set statement_timeout_ms = 80 where tenant = $1", [tenant]);
    const pool = oneShotPool(ground, "read committed");
    try {
      expect(await codeOf(pool.for(tenant).query("select pg_sleep(5)"))).toMatch(/57014|WT_STATEMENT_TIMEOUT/);
      expect(await codeOf(pool.for(other).query("select pg_sleep(0.2)"))).toBeUndefined();
    } finally {
      await pool.end();
    }
  });

  describe("what a client that writes its own SQL and holds its own token can do (documented)", () => {
    const held = "select count(*)::int as n from pg_catalog.pg_locks where locktype = 'advisory' and pid = $1";
    const look = "select count(*)::int as n from app.ledger";

    test("savepoint: its context without its lock, so its own fence is passed by", async () => {
      const client = await ground.connect("app");
      await client.query("begin");
      await client.query("savepoint s");
      await client.query("select watertight.open($1)", [ground.token()]);
      const kept = (await client.query("select current_setting('watertight.ctx') as v")).rows[0]?.v as string;
      await client.query("rollback to s");
      expect(await codeOf(client.query("savepoint t").then(() => client.query(look)))).toBe("WT004");
      await client.query("rollback to s");
      await client.query("select set_config('watertight.ctx', $1, true)", [kept]);
      expect(await codeOf(client.query(look))).toBeUndefined();
      expect((await ground.db.admin.query(held, [pidOf(client)])).rows[0]?.n).toBe(0);
    });

    test("COMMIT AND CHAIN: the kept value is dead", async () => {
      const client = await ground.connect("app");
      await client.query("begin");
      await client.query("select watertight.open($1)", [ground.token()]);
      const kept = (await client.query("select current_setting('watertight.ctx') as v")).rows[0]?.v as string;
      await client.query("commit and chain");
      await client.query("select set_config('watertight.ctx', $1, true)", [kept]);
      expect(await codeOf(client.query(look))).toBe("WT004");
    });

    test("one simple-protocol message: all its transactions share a timestamp, so the value lives to its end and no longer", async () => {
      const client = await ground.connect("app");
      const message = `begin; select watertight.open('${ground.token()}'); select set_config('x.kept', current_setting('watertight.ctx'), false);
        commit and chain; select set_config('watertight.ctx', current_setting('x.kept'), true); ${look}`;
      expect(await codeOf(client.query(message))).toBeUndefined();
      await client.query("rollback");
      await client.query("begin");
      await client.query("select set_config('watertight.ctx', current_setting('x.kept'), true)");
      expect(await codeOf(client.query(look))).toBe("WT004");
    });
  });
});
