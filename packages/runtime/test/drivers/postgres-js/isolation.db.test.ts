/** The isolation table under postgres.js, at every level, with names and without; and what its attacks do unprotected. */
import { describeServers } from "@watertight/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isolationCases } from "../../isolation/isolation-cases.ts";
import { tenantA, tenantB } from "../../isolation/note-table.ts";
import type { Level, Subject } from "../../isolation/subject.ts";
import { type SqlDatabase, sqlDatabase, subjectOf } from "./sql-database.ts";

describeServers((server) => {
  describe.each<[Level, boolean]>([
    ["plain", true],
    ["sealed", true],
    ["sealed", false],
    ["hostile", true],
  ])("level %s, prepare %s", (level, prepare) => {
    let db: SqlDatabase;
    let subject: Subject;
    beforeAll(async () => {
      db = await sqlDatabase(server, level);
      subject = subjectOf(db, db.open({ max: 3, prepare }));
    });
    afterAll(() => db.close());

    test.each(isolationCases)("$name", ({ run }) => run(subject));
  });

  test("control: the same 200 requests over postgres.js alone, with a session setting, see wrong rows", async () => {
    const db = await sqlDatabase(server, "plain");
    try {
      const { sql } = db.open({ max: 3 });
      const wrong: string[] = [];
      await Promise.all(
        Array.from({ length: 200 }, async (_, i) => {
          const tenant = i % 2 === 0 ? tenantA : tenantB;
          await sql`select set_config('watertight.tenant', ${tenant}, false)`;
          for (const row of await sql`select tenant_id from note`) if (row["tenant_id"] !== tenant) wrong.push(tenant);
        }),
      );
      expect(wrong.length).toBeGreaterThan(0);
    } finally {
      await db.close();
    }
  });
});
