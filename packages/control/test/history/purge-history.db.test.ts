/** What is over goes after a while, in batches; what is still needed stays, and so does the audit log. Only the catalog's function may do it. */
import { describeServers } from "@watertight/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { verifyAudit } from "../../src/audit-log/verify-audit.ts";
import { purgeHistory } from "../../src/history/purge-history.ts";
import { type CatalogDatabase, catalogDatabase } from "../catalog-database.ts";

const actor = { name: "test" };
const day = 24 * 3600_000;

describeServers((server) => {
  let catalog: CatalogDatabase;
  beforeAll(async () => {
    catalog = await catalogDatabase(server);
    await catalog.db.admin.query(`
      insert into watertight_catalog.webhook (id, service, url, secret, active) values ('on', 'main', 'http://x', 'env:X', true), ('off', 'main', 'http://x', 'env:X', false);
      insert into watertight_catalog.outbox (type, data, written_at) select 'old', '{}', now() - interval '100 days' from generate_series(1, 25);
      insert into watertight_catalog.delivery (event, webhook, delivered_at) select id, 'on', now() from watertight_catalog.outbox;
      with written as (insert into watertight_catalog.outbox (type, data, written_at) values ('pending', '{}', now() - interval '100 days') returning id)
        insert into watertight_catalog.delivery (event, webhook) select id, 'on' from written;
      with written as (insert into watertight_catalog.outbox (type, data, written_at) values ('for nobody any more', '{}', now() - interval '100 days') returning id)
        insert into watertight_catalog.delivery (event, webhook) select id, 'off' from written;
      insert into watertight_catalog.outbox (type, data) values ('young', '{}');
      insert into watertight_catalog.operation (id, kind, subject, state, input, requested_by, finished_at, unfinished, output)
        select 'old-' || n, 'k', 's-' || n, 'succeeded', '{}'::jsonb, 'a', now() - interval '100 days', false, '{}'::jsonb from generate_series(1, 25) n
        union all values ('young', 'k', 's', 'succeeded', '{}'::jsonb, 'a', now() - interval '80 days', false, '{}'::jsonb),
          ('unfinished', 'k', 's-u', 'failed', '{}', 'a', now() - interval '100 days', true, '{}'),
          ('certified', 'tenant.delete', 's-c', 'succeeded', '{}', 'a', now() - interval '100 days', false, '{"certificate": "x"}'),
          ('owes', 'k', 's-o', 'failed', '{}', 'a', now() - interval '100 days', false, '{}'),
          ('runs', 'k', 's-r', 'running', '{}', 'a', null, false, '{}');
      insert into watertight_catalog.operation_step (operation, position, name) select id, 0, 'x' from watertight_catalog.operation;
      insert into watertight_catalog.operation_event (operation, kind) select id, 'x' from watertight_catalog.operation;
      insert into watertight_catalog.cleanup (operation, cell, kind, name, settled_at) values ('old-1', 'c', 'role', 'r', now()), ('owes', 'c', 'role', 'r', null)`);
  });
  afterAll(() => catalog.close());
  const left = async (column: string, table: string): Promise<string[]> =>
    (
      await catalog.db.admin.query(`select distinct ${column} as v from watertight_catalog.${table} order by 1`)
    ).rows.map((row) => row.v as string);

  test("the control role alone removes nothing, and nobody removes what is young", async () => {
    const control = await catalog.as("control");
    for (const table of [
      "outbox",
      "delivery",
      "operation",
      "operation_event",
      "operation_step",
      "cleanup",
      "audit_log",
    ])
      await expect(control.query(`delete from watertight_catalog.${table}`)).rejects.toMatchObject({ code: "42501" });
    await expect(purgeHistory(catalog.pool, actor, { keepMs: day - 1 })).rejects.toMatchObject({ code: "22023" });
    const router = await catalog.as("router");
    await expect(router.query("select watertight_catalog.purge_history('90 days', 10)")).rejects.toMatchObject({
      code: "42501",
    });
  });

  test("goes in batches, by several processes at once, and is in the audit log", async () => {
    const [one, two] = await Promise.all([
      purgeHistory(catalog.pool, actor, { batch: 10 }),
      purgeHistory(catalog.pool, actor, { batch: 10 }),
    ]);
    expect([one.events + two.events, one.operations + two.operations]).toEqual([26, 25]);
    expect(await left("type", "outbox")).toEqual(["pending", "young"]);
    const stays = ["certified", "owes", "runs", "unfinished", "young"];
    for (const [column, table] of [
      ["id", "operation"],
      ["operation", "operation_step"],
      ["operation", "operation_event"],
    ] as const)
      expect([table, await left(column, table)]).toEqual([table, stays]);
    expect(await left("operation", "cleanup")).toEqual(["owes"]);
    const { rows } = await catalog.db.admin.query(
      "select count(*)::int as n from watertight_catalog.audit_log where action = 'history.purged'",
    );
    expect(rows[0].n).toBeGreaterThanOrEqual(3);
    expect((await verifyAudit(catalog.db.admin)).valid).toBe(true);
    expect(await purgeHistory(catalog.pool, actor)).toEqual({ events: 0, operations: 0 });
  });
});
