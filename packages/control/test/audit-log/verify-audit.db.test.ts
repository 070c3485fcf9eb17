/** The audit chain: whole as it is written, broken by every kind of change, cut off only under an anchor. */
import { describeServers } from "@watertight/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { appendAudit, appendAudits } from "../../src/audit-log/append-audit.ts";
import { auditHead, verifyAudit } from "../../src/audit-log/verify-audit.ts";
import { inTransaction } from "../../src/db/transaction.ts";
import { type CatalogDatabase, catalogDatabase } from "../catalog-database.ts";

const actor = { name: "grüße 🌱" };

describeServers((server) => {
  let catalog: CatalogDatabase;
  beforeAll(async () => {
    catalog = await catalogDatabase(server);
    for (let i = 0; i < 25; i++)
      await inTransaction(catalog.pool, (tx) =>
        appendAudit(tx, actor, "tested", `thing:${i}`, { i, text: 'a"\\\n\u2028' }),
      );
    // who rolls back leaves no gap
    await inTransaction(catalog.pool, async (tx) => {
      await appendAudit(tx, actor, "tested", "rolled back");
      throw new Error("undone");
    }).catch(() => {});
    await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        inTransaction(catalog.pool, (tx) => appendAudit(tx, actor, "at once", `thing:${i}`)),
      ),
    );
  });
  afterAll(() => catalog.close());

  test("is whole as it was written, in pages of any size", async () => {
    const auditor = await catalog.as("auditor");
    expect(await verifyAudit(auditor)).toMatchObject({ valid: true, records: 35 });
    expect(await verifyAudit(auditor, [], 7)).toMatchObject({ valid: true, records: 35 });
  });

  test("several records of one call are a chain like any other", async () => {
    const other = await catalogDatabase(server);
    try {
      const entries = Array.from({ length: 3000 }, (_, n) => ({
        action: "tested",
        subject: `thing:${n}`,
        detail: { n, text: 'ü"\\' },
      }));
      await inTransaction(other.pool, (tx) => appendAudit(tx, actor, "tested", "before"));
      expect(await inTransaction(other.pool, (tx) => appendAudits(tx, actor, entries))).toBe(3001n);
      expect(await inTransaction(other.pool, (tx) => appendAudits(tx, actor, []))).toBe(3001n);
      await inTransaction(other.pool, (tx) => appendAudit(tx, actor, "tested", "after"));
      expect(await verifyAudit(other.db.admin)).toMatchObject({ valid: true, records: 3002 });
      const { rows } = await other.db.admin.query(
        "select subject, detail from watertight_catalog.audit_log where seq in (2, 3001) order by seq",
      );
      expect(rows.map(({ subject, detail }) => [subject, JSON.parse(detail)])).toEqual([
        ["thing:0", { n: 0, text: 'ü"\\' }],
        ["thing:2999", { n: 2999, text: 'ü"\\' }],
      ]);
    } finally {
      await other.close();
    }
  });

  test("is never changed by accident, not even by its owner", async () => {
    const owner = catalog.db.admin.query(
      `set role "${catalog.roles.owner}"; update watertight_catalog.audit_log set actor = 'x'`,
    );
    await expect(owner).rejects.toMatchObject({ code: "42501" });
    await catalog.db.admin.query("reset role");
  });

  test.each([
    ["a field", "update watertight_catalog.audit_log set subject = 'thing:x' where seq = 12", "12"],
    [
      "a field and its hash",
      "update watertight_catalog.audit_log a set subject = 'thing:x', hash = watertight_catalog.audit_hash(previous, array[seq::text, at, actor, action, 'thing:x', detail]) where seq = 12",
      "13",
    ],
    ["a record removed", "delete from watertight_catalog.audit_log where seq = 20", "20"],
    [
      "two records swapped",
      "update watertight_catalog.audit_log a set actor = b.actor, action = b.action, subject = b.subject from watertight_catalog.audit_log b where (a.seq, b.seq) in ((5, 6), (6, 5))",
      "5",
    ],
    ["the end removed", "delete from watertight_catalog.audit_log where seq > 30", "31"],
    ["the head", "update watertight_catalog.audit_head set hash = sha256('x')", "35"],
  ])("shows a change: %s", async (_, change, brokenAt) => {
    await catalog.db.admin.query("begin; alter table watertight_catalog.audit_log disable trigger user");
    await catalog.db.admin.query(change);
    expect(await verifyAudit(catalog.db.admin)).toMatchObject({ valid: false, brokenAt });
    await catalog.db.admin.query("rollback");
  });

  test("a log cut off with its head shows under an anchor only", async () => {
    const anchor = await auditHead(catalog.db.admin);
    await catalog.db.admin.query("begin; alter table watertight_catalog.audit_log disable trigger user");
    await catalog.db.admin.query(
      "delete from watertight_catalog.audit_log where seq > 30; update watertight_catalog.audit_head set (seq, hash) = (select seq, hash from watertight_catalog.audit_log where seq = 30)",
    );
    expect(await verifyAudit(catalog.db.admin)).toMatchObject({ valid: true, records: 30 });
    expect(await verifyAudit(catalog.db.admin, [anchor])).toMatchObject({ valid: false });
    await catalog.db.admin.query("rollback");
    expect(await verifyAudit(catalog.db.admin, [anchor])).toMatchObject({ valid: true });
    expect(await verifyAudit(catalog.db.admin, [{ seq: "3", hash: "00" }])).toMatchObject({
      valid: false,
      brokenAt: "3",
    });
  });
});
