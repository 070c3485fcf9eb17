// The proxy against real servers: what it counts, what it delays, and how connections die in it.
import { countingProxy, describeServers, type CountingProxy } from "@watertight/testkit";
import pg from "pg";
import { afterEach, expect, test } from "vitest";

describeServers((server) => {
  let proxy: CountingProxy;
  let client: pg.Client;

  afterEach(async () => {
    await proxy.stop();
    await client.end().catch(() => {});
  });

  async function connect(delayMs = 0): Promise<void> {
    proxy = await countingProxy(server, { delayMs });
    client = new pg.Client({ connectionString: proxy.url(server.url()) });
    client.on("error", () => {});
    await client.connect();
    proxy.reset();
  }

  test("one parameterised query is one round trip and one write", async () => {
    await connect();
    await client.query("select $1::int as a", [1]);
    expect(proxy.snapshot()).toMatchObject({
      roundTrips: 1,
      writes: 1,
      syncs: 1,
      frontend: { P: 1, B: 1, D: 1, E: 1, S: 1 },
      backend: { "1": 1, "2": 1, T: 1, D: 1, C: 1, Z: 1 },
    });
    expect(proxy.trace.slice(0, 5)).toEqual(["F:P", "F:B", "F:D", "F:E", "F:S"]);
  });

  test("four awaited statements are four round trips", async () => {
    await connect();
    for (const sql of ["begin", "select set_config('a.b', 'c', true)", "select 1", "commit"]) await client.query(sql);
    expect(proxy.roundTrips).toBe(4);
    expect(proxy.frontend).toEqual({ Q: 4 });
  });

  test("a large result counts as one round trip", async () => {
    await connect();
    const { rows } = await client.query("select repeat('x', 1000) from generate_series(1, 2000)");
    expect(rows).toHaveLength(2000);
    expect(proxy.roundTrips).toBe(1);
    expect(proxy.backend["D"]).toBe(2000);
  });

  test("the delay is paid once per round trip", async () => {
    await connect(20);
    const start = performance.now();
    await client.query("select 1");
    const took = performance.now() - start;
    expect(took).toBeGreaterThanOrEqual(39);
    expect(took).toBeLessThan(400);
  });

  for (const action of ["drop", "reset"] as const) {
    test(`${action}: the client sees a broken connection, the server session ends`, async () => {
      await connect();
      const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
      const armed = proxy.fault({ side: "backend", type: "C", action });
      await expect(client.query("select 1")).rejects.toThrow();
      await armed.struck;
      const admin = new pg.Client({ connectionString: server.url() });
      await admin.connect();
      const alive = async (): Promise<number | null> =>
        (await admin.query("select 1 from pg_stat_activity where pid = $1", [rows[0]?.pid])).rowCount;
      await expect.poll(alive, { timeout: 5_000 }).toBe(0);
      await admin.end();
    });
  }

  test("stall: nothing arrives and nobody is told", async () => {
    await connect();
    const armed = proxy.fault({ side: "frontend", type: "Q", nth: 2, action: "stall" });
    await client.query("select 1");
    let settled = false;
    const waiting = client.query("select 2").then(
      () => (settled = true),
      () => (settled = true),
    );
    await armed.struck;
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(settled).toBe(false);
    await proxy.stop();
    await waiting;
    proxy = await countingProxy(server);
  });

  test("half a message: the statement is not run", async () => {
    await connect();
    const table = `half_${server.version}`;
    const admin = new pg.Client({ connectionString: server.url() });
    await admin.connect();
    try {
      await admin.query(`create table ${table} (a int)`);
      proxy.fault({ side: "frontend", type: "Q", action: "drop", passes: "half" });
      await expect(client.query(`insert into ${table} values (1)`)).rejects.toThrow();
      expect((await admin.query(`select * from ${table}`)).rowCount).toBe(0);
      const whole = new pg.Client({ connectionString: proxy.url(server.url()) });
      whole.on("error", () => {});
      await whole.connect();
      proxy.fault({ side: "frontend", type: "Q", action: "drop", passes: "all" });
      await expect(whole.query(`insert into ${table} values (2)`)).rejects.toThrow();
      await expect.poll(async () => (await admin.query(`select * from ${table}`)).rows).toEqual([{ a: 2 }]);
      await whole.end().catch(() => {});
    } finally {
      await admin.query(`drop table if exists ${table}`);
      await admin.end();
    }
  });
});
