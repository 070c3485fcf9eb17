/** The watch tells a provisioner at work outside of operations and tenants that waited too long, each once, and goes on when a cell is away. */
import { describeServers, type TestServer } from "@watertight/testkit";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createToken } from "../../src/access/tokens.ts";
import { createApi } from "../../src/http/api.ts";
import { startWatch, type WatchAlarm } from "../../src/watch/start-watch.ts";
import { slowProvisioning } from "../../src/watch/slow-provisioning.ts";
import { actor, cellServer, type ControlPlane, controlPlane, provisioner } from "../provision/cells.ts";

describeServers((server) => {
  let cell: TestServer;
  let plane: ControlPlane;
  beforeAll(async () => {
    cell = await cellServer(server.version);
    plane = await controlPlane(server);
    // looked at first, and away
    await plane.options.secrets.keep("away", "postgres://nobody@127.0.0.1:1/postgres");
    await plane.addCell(cell, { id: "eu-1" });
    await plane.catalog.db.admin.query(
      "insert into watertight_catalog.cell (id, host, port, admin_secret) values ('a-away', '127.0.0.1', 1, 'local:away')",
    );
  }, 60_000);
  afterAll(async () => {
    await plane.close();
    await cell.stop();
  });

  const until = async (holds: () => boolean): Promise<void> => {
    for (let tries = 0; tries < 400 && !holds(); tries++) await new Promise((resolve) => setTimeout(resolve, 25));
    expect(holds()).toBe(true);
  };
  const counted = async (type: string): Promise<number> =>
    (
      await plane.catalog.db.admin.query("select count(*)::int as n from watertight_catalog.outbox where type = $1", [
        type,
      ])
    ).rows[0].n;
  const created = (seconds: number): Promise<unknown> =>
    plane.catalog.db.admin.query(
      `insert into watertight_catalog.operation (id, kind, subject, state, input, requested_by, created_at, finished_at)
       values ('op_' || gen_random_uuid(), 'tenant.create', 'tenant:' || gen_random_uuid(), 'succeeded', '{"model": "database"}', 'test', now() - $1 * interval '1 s', now())`,
      [seconds],
    );

  test(
    "a stranger in the provisioner's role is told once, by two processes that look",
    { timeout: 60_000 },
    async () => {
      const alarms: WatchAlarm[] = [];
      const failed: Error[] = [];
      const look = () =>
        startWatch({
          pool: plane.catalog.pool,
          secrets: plane.options.secrets,
          everyMs: 50,
          alarm: (alarm) => alarms.push(alarm),
          failed: (error) => failed.push(error),
        });
      const watches = [look(), look()];
      await until(() => failed.length > 4);
      expect(failed.every((error) => (error as { code?: string }).code === "WT_CELL_UNREACHABLE")).toBe(true);
      expect(alarms).toEqual([]);
      const thief = new pg.Client({ connectionString: cell.url("postgres", provisioner), application_name: "psql" });
      await thief.connect();
      await until(() => alarms.length >= 2);
      const before = failed.length;
      await until(() => failed.length > before + 4);
      await thief.end();
      await Promise.all(watches.map((watch) => watch.stop()));
      expect(alarms.map(({ kind }) => kind)).toEqual([
        "provisioner.outside_operation",
        "provisioner.outside_operation",
      ]);
      expect(await counted("provisioner.outside_operation")).toBe(1);
    },
  );

  test("tenants that wait too long are told once an hour", async () => {
    const { pool } = plane.catalog;
    await created(1);
    expect(await slowProvisioning(pool, actor)).toEqual([]);
    for (let n = 0; n < 5; n++) await created(90);
    const both = await Promise.all([slowProvisioning(pool, actor), slowProvisioning(pool, actor)]);
    expect(both.flat()).toMatchObject([{ model: "database", count: 6, alarm: true }]);
    expect(await slowProvisioning(pool, actor)).toEqual([]);
    expect(await counted("provisioning.slow")).toBe(1);
    await plane.catalog.db.admin.query(
      "update watertight_catalog.outbox set written_at = written_at - interval '61 minutes' where type = 'provisioning.slow'",
    );
    expect(await slowProvisioning(pool, actor)).toHaveLength(1);
  });

  test("both are metrics", async () => {
    const { token } = await createToken(plane.catalog.pool, actor, "metrics", ["viewer"]);
    const api = createApi({ pool: plane.catalog.pool, kinds: plane.kinds });
    const answer = await api.request("/metrics", { headers: { authorization: `Bearer ${token}` } });
    const text = await answer.text();
    expect(text).toMatch(/watertight_time_to_active_seconds\{model="database",quantile="0.95"\} (89|9\d)/);
    expect(text).toContain("watertight_provisioner_outside_operation 1");
  });
});
