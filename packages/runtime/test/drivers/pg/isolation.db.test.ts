/** The isolation table under node-postgres, at every level. */
import { createDatabase, describeServers, type TestDatabase } from "@watertight/testkit";
import pg from "pg";
import { afterAll, beforeAll, describe, test } from "vitest";
import { tenantPool, type TenantPool } from "../../../src/drivers/pg/index.ts";
import { isolationCases, truthSql } from "../../isolation/isolation-cases.ts";
import { noteTableSql } from "../../isolation/note-table.ts";
import type { Level, Outcome, Subject } from "../../isolation/subject.ts";

const outcome = ({ rows, rowCount }: { rows: unknown[]; rowCount: number | null }): Outcome => ({
  rows: rows as Record<string, unknown>[],
  count: rowCount ?? 0,
});

describeServers((server) => {
  describe.each<Level>(["plain", "sealed", "hostile"])("level %s", (level) => {
    let db: TestDatabase;
    let pool: pg.Pool & TenantPool;
    let subject: Subject;
    beforeAll(async () => {
      db = await createDatabase(server, { kit: { level } });
      await db.admin.query(noteTableSql(db.roles));
      pool = tenantPool(pg, { connectionString: db.appUrl, key: db.key, level, max: 3 });
      pool.on("error", () => {});
      subject = {
        level,
        as: (tenant) => async (text, values) => outcome(await pool.for(tenant).query(text, values)),
        ambient: async (text, values) => outcome(await pool.query(text, values as unknown[])),
        transaction: (tenant, fn) =>
          pool.for(tenant).transaction((tx) => fn(async (text, values) => outcome(await tx.query(text, values)))),
        truth: async () => (await db.admin.query<{ total: number; a: number; b: number }>(truthSql)).rows[0]!,
      };
    });
    afterAll(async () => {
      await pool.end();
      await db.drop();
    });

    test.each(isolationCases)("$name", ({ run }) => run(subject));
  });
});
