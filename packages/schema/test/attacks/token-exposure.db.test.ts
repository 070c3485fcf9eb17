/**
 * Where a token can be seen, and what it is worth to who sees it. On servers of its own: they log, keep statements and allow prepared
 * transactions, which no server with the kit should.
 */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { mintToken } from "@watertight/runtime";
import { tenantPool } from "@watertight/runtime/pg";
import { servers, startServer, type TestServer } from "@watertight/testkit";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Arena, makeArena } from "./arena.ts";

const versions = [15, 18] as const;
// With DATABASE_URL there is one server, not ours to configure.
const ours = servers().every((server) => server.embedded);
if (!ours) console.log("skipped: token exposure needs servers of its own (DATABASE_URL is set)");

describe.skipIf(!ours).each(versions)("PostgreSQL %s", (version) => {
  let server: TestServer;
  let arena: Arena;
  const clients: pg.Client[] = [];
  const now = (): number => Math.floor(Date.now() / 1000);
  const mint = (options: { pid?: number; seconds?: number; tenant?: string } = {}): string =>
    mintToken({
      key: arena.key,
      tenant: options.tenant ?? arena.world.a,
      pid: options.pid ?? 0,
      expiresAt: now() + (options.seconds ?? 30),
    });
  const connect = async (user = arena.roles.app): Promise<pg.Client> => {
    const client = new pg.Client({ connectionString: arena.db.url(user) });
    client.on("error", () => {});
    await client.connect();
    clients.push(client);
    return client;
  };
  const pidOf = (client: pg.Client): number => (client as unknown as { processID: number }).processID;
  const detailOf = (work: Promise<unknown>): Promise<string> =>
    work.then(
      () => "served",
      (error: { detail?: string; code: string }) => error.detail ?? error.code,
    );
  const log = (): string => readFileSync(server.logPath, "latin1");
  const hex = (token: string): string => token.slice(2);

  beforeAll(async () => {
    server = await startServer({
      version,
      settings: {
        shared_preload_libraries: "pg_stat_statements",
        max_prepared_transactions: "2",
        logging_collector: "off",
      },
    });
    arena = await makeArena(server);
    await arena.db.admin.query("create extension pg_stat_statements");
  });
  afterAll(async () => {
    await Promise.all(clients.map((client) => client.end().catch(() => {})));
    await arena?.db.admin.end().catch(() => {});
    await server?.stop();
  });

  test("pg_stat_activity shows a running request without its token; an inlined token it shows", async () => {
    const [client, literal] = await Promise.all([connect(), connect()]);
    const token = mint();
    const inlined = mint({ tenant: arena.world.b });
    const running = [
      client.query("select watertight.open($1), pg_sleep(0.6)", [token]),
      literal.query(`select watertight.open('${inlined}'), pg_sleep(0.6)`),
    ];
    await sleep(200);
    const { rows } = await arena.db.admin.query<{ query: string }>(
      "select query from pg_catalog.pg_stat_activity where state = 'active'",
    );
    const seen = rows.map((row) => row.query).join("\n");
    expect(seen).toContain("watertight.open($1)");
    expect(seen).not.toContain(hex(token));
    expect(seen).toContain(hex(inlined));
    const spy = await connect();
    expect(await detailOf(spy.query("select query from pg_catalog.pg_stat_activity"))).toBe("42501");
    await Promise.all(running);
  });

  test("pg_stat_statements keeps no token", async () => {
    const client = await connect();
    const token = mint();
    for (let i = 0; i < 3; i++) await client.query("select watertight.open($1)", [token]);
    await client.query({ name: "o", text: "select watertight.open($1)", values: [token] });
    const { rows } = await arena.db.admin.query<{ query: string }>("select query from pg_stat_statements");
    const kept = rows.map((row) => row.query).join("\n");
    expect(kept).toContain("watertight.open");
    expect(kept).not.toContain(hex(token));
  });

  test("errors and the log at default settings show no part of a token", async () => {
    const client = await connect();
    const start = log().length;
    const heard: unknown[] = [];
    client.on("notice", (notice) => heard.push(notice));
    for (const token of arena.world.badTokens) {
      const error = await client.query("select watertight.open($1)", [token]).then(
        () => undefined,
        (thrown: pg.DatabaseError) => thrown,
      );
      expect(error?.code, token).toMatch(/^(WT001|22021|WT002)$/);
      heard.push(Object.entries(error ?? {}), error?.message);
    }
    const told = JSON.stringify(heard) + log().slice(start);
    expect(log().length).toBeGreaterThan(start);
    for (const token of arena.world.badTokens.filter((each) => each.length > 40))
      for (const at of [2, 66, 82])
        if (token.length > at + 24 && !/^0+$/.test(token.slice(at, at + 24)))
          expect(told).not.toContain(token.slice(at, at + 24));
  });

  test("control: a function that casts the token repeats it", async () => {
    const client = await connect();
    await arena.db.admin.query(
      `create function app.careless(token text) returns void language plpgsql as $f$ begin perform token::uuid; end $f$`,
    );
    const token = mint();
    const error = await client.query("select app.careless($1)", [token]).catch((thrown: Error) => thrown.message);
    expect(error).toContain(hex(token).slice(0, 24));
  });

  test("A's logging of parameters on error ends at the hand-over", async () => {
    const pool = tenantPool(pg, { connectionString: arena.db.url(arena.roles.app), key: arena.keyText, max: 1 });
    const { a, b } = arena.world;
    const where = (of: string): Promise<string> =>
      pool
        .for(of)
        .query("select 1 / $1::int", [0])
        .then(
          () => "",
          (error: Error) => JSON.stringify(error),
        );
    try {
      await pool.for(a).query("select set_config('log_parameter_max_length_on_error', '-1', false)");
      expect(await where(a)).toContain("with parameters");
      await pool.for(a).query("select set_config('log_parameter_max_length_on_error', '-1', false)");
      expect(await where(b)).not.toContain("with parameters");
    } finally {
      await pool.end();
    }
  });

  test("with parameter logging it is in the log, and worthless: bound elsewhere, expired soon", async () => {
    for (const setting of [
      "log_statement = 'all'",
      "log_min_duration_statement = 0",
      "log_parameter_max_length_on_error = -1",
    ])
      await arena.db.admin.query(`alter system set ${setting}`);
    await arena.db.admin.query("select pg_reload_conf()");
    await sleep(150);
    const [victim, thief] = await Promise.all([connect(), connect()]);
    const start = log().length;
    const bound = mint({ pid: pidOf(victim) });
    const unbound = mint({ seconds: 2 });
    await victim.query("select watertight.open($1)", [bound]);
    await victim.query("select watertight.open($1)", [unbound]);
    const text = log().slice(start);
    expect(text).toContain(hex(bound));
    expect(text).toContain(hex(unbound));
    expect(await detailOf(thief.query("select watertight.open($1)", [bound]))).toBe("wrong backend");
    // A bearer value: until it expires it works anywhere, which is why it is bound wherever no pooler forbids it.
    expect(await detailOf(thief.query("select watertight.open($1)", [unbound]))).toBe("served");
    await sleep(2200);
    expect(await detailOf(thief.query("select watertight.open($1)", [unbound]))).toBe("expired");
    for (const setting of ["log_statement", "log_min_duration_statement", "log_parameter_max_length_on_error"])
      await arena.db.admin.query(`alter system reset ${setting}`);
    await arena.db.admin.query("select pg_reload_conf()");
  });

  test("a prepared transaction would keep the tenant's lock without a session: why max_prepared_transactions stays 0", async () => {
    const [client, mover] = await Promise.all([connect(), connect(arena.roles.control)]);
    await client.query("begin");
    await client.query("select watertight.open($1)", [mint()]);
    await client.query("prepare transaction 'forgotten'");
    await client.end();
    await mover.query("set lock_timeout = '200ms'");
    expect(await detailOf(mover.query("select watertight.set_tenant_state($1, 'active')", [arena.world.a]))).toBe(
      "55P03",
    );
    await arena.db.admin.query("rollback prepared 'forgotten'");
    expect(await detailOf(mover.query("select watertight.set_tenant_state($1, 'active')", [arena.world.a]))).toBe(
      "served",
    );
  });

  test("parallel workers see the tenant and nothing else", async () => {
    const client = await connect();
    const force = version >= 16 ? "debug_parallel_query" : "force_parallel_mode";
    await client.query("begin");
    for (const set of [
      `${force} = on`,
      "min_parallel_table_scan_size = 0",
      "parallel_setup_cost = 0",
      "parallel_tuple_cost = 0",
    ])
      await client.query(`set local ${set}`);
    await client.query("select watertight.open($1)", [mint()]);
    const plan = JSON.stringify(
      (await client.query("explain (analyze, costs off) select string_agg(secret, ',') from app.projects")).rows,
    );
    expect(plan).toContain("Gather");
    expect(plan).toMatch(/Workers Launched: [1-9]/);
    const { rows } = await client.query("select string_agg(secret, ',') as all_secrets from app.projects");
    expect(String(rows[0]?.all_secrets).split(",")).toHaveLength(3);
    expect(String(rows[0]?.all_secrets)).not.toContain(arena.canaryB);
    await client.query("rollback");
  });
});

console.log("skipped: hot standby, because the embedded server has no pg_basebackup");
