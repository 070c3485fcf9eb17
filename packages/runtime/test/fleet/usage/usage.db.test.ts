/** Statements, rows and waiting of real tenants over real connections: counted for whoever ran them, named only where it was asked for. */
import { describeServers } from "@watertight/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type FleetGround, fleetGround, tenantA, tenantB } from "../pg/fleet-ground.ts";

describeServers((server) => {
  let ground: FleetGround;
  beforeAll(async () => {
    ground = await fleetGround(server);
  });
  afterAll(() => ground.close());

  test("by tenant: statements, rows, and the wait for a connection", async () => {
    const pool = ground.fleet("pool", { budget: 1, perTenant: { topK: 5 } });
    const [a, b] = [pool.for(tenantA), pool.for(tenantB)];
    await a.query("select generate_series(1, 10)");
    await a.batch([{ text: "select 1" }, { text: "select generate_series(1, 2)" }]);
    await a.transaction(async (tx) => {
      await tx.query("select generate_series(1, 5)");
      const seen: unknown[] = [];
      for await (const row of tx.stream("select generate_series(1, 7)", [], { batchSize: 3 })) seen.push(row);
      for await (const part of tx.copyTo("copy (select generate_series(1, 4)) to stdout")) seen.push(part);
      expect(seen).toHaveLength(11);
    });
    // one connection: the second waits for the first
    await Promise.all([a.query("select pg_sleep(0.05)"), b.query("select 1")]);
    await expect(b.query("select 1/0")).rejects.toThrow();
    const { calls, rows, milliseconds, waitedMilliseconds } = pool.stats().perTenant!;
    const of = ({ top }: { top: readonly { key: string; value: number }[] }, tenant: string): number =>
      top.find(({ key }) => key === tenant)?.value ?? 0;
    expect([of(rows, tenantA), of(rows, tenantB)]).toEqual([10 + 3 + 5 + 7 + 4 + 1, 1]);
    expect([of(calls, tenantA), of(calls, tenantB)]).toEqual([1 + 2 + 3 + 1, 2]);
    expect(of(milliseconds, tenantA)).toBeGreaterThan(50);
    expect(of(waitedMilliseconds, tenantB)).toBeGreaterThan(30);
    expect(calls.errorAtMost).toBe(0);
  });

  test("not asked for, nobody is named", async () => {
    const pool = ground.fleet("pool");
    await pool.for(tenantA).query("select 1");
    expect(JSON.stringify(pool.stats())).not.toContain(tenantA);
    expect(pool.stats().perTenant).toBeUndefined();
    expect(() => ground.fleet("pool", { perTenant: { topK: 0 } })).toThrow(
      expect.objectContaining({ code: "WT_CONFIG" }),
    );
  });
});
