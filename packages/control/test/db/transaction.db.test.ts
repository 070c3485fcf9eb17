/** One transaction: what was swallowed inside is no success, and whoever stands still inside does not hold everybody else. */
import { describeServers } from "@watertight/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { appendAudit } from "../../src/audit-log/append-audit.ts";
import { inTransaction } from "../../src/db/transaction.ts";
import { type CatalogDatabase, catalogDatabase } from "../catalog-database.ts";

describeServers((server) => {
  let catalog: CatalogDatabase;
  beforeAll(async () => {
    catalog = await catalogDatabase(server);
  });
  afterAll(() => catalog.close());

  test("a COMMIT that the server answers with ROLLBACK is an error", async () => {
    await expect(
      inTransaction(catalog.pool, async (tx) => {
        await appendAudit(tx, { name: "ada" }, "tested", "lost");
        await tx.query("select 1 / 0").catch(() => {});
        return "done";
      }),
    ).rejects.toMatchObject({ code: "WT_CATALOG_STATE" });
    expect(
      (await catalog.db.admin.query("select 1 from watertight_catalog.audit_log where subject = 'lost'")).rows,
    ).toEqual([]);
  });

  test("whoever stands still while it holds the audit log's head is ended by the server, and the limits end with the transaction", async () => {
    const show = async (name: string) => (await catalog.pool.query(`show ${name}`)).rows[0][name];
    const before = [await show("idle_in_transaction_session_timeout"), await show("lock_timeout")];
    const inside = await inTransaction(catalog.pool, async (tx) => {
      const { rows } = await tx.query(
        "select current_setting('idle_in_transaction_session_timeout') as idle, current_setting('lock_timeout') as lock",
      );
      return rows[0];
    });
    expect(inside).toEqual({ idle: "15s", lock: "30s" });
    expect([await show("idle_in_transaction_session_timeout"), await show("lock_timeout")]).toEqual(before);
    const still = inTransaction(catalog.pool, async (tx) => {
      await appendAudit(tx, { name: "ada" }, "tested", "still");
      // in place of the fifteen seconds, which a test need not wait for
      await tx.query("set local idle_in_transaction_session_timeout = '100ms'");
      await new Promise((resolve) => setTimeout(resolve, 600));
      await tx.query("select 1");
    });
    const other = new Promise((resolve) => setTimeout(resolve, 50)).then(() =>
      inTransaction(catalog.pool, (tx) => appendAudit(tx, { name: "bob" }, "tested", "other")),
    );
    expect(await other).toBe(1n);
    await expect(still).rejects.toThrow("not queryable");
  });
});
