// The sample application: present in all tenant id types, and leaking until somebody protects it.
import {
  createDatabase,
  derivedTables,
  describeServers,
  SAMPLE_ROWS,
  sampleSchema,
  tenantA,
  tenantB,
  tenantTables,
} from "@watertight/testkit";
import pg from "pg";
import { expect, test } from "vitest";

describeServers((server) => {
  for (const tenantIdType of ["uuid", "bigint", "text"] as const) {
    test(`unprotected, the app role sees the rows of both tenants (${tenantIdType})`, async () => {
      const db = await createDatabase(server, { kit: true });
      const sample = await sampleSchema(db.admin, db.roles, { tenantIdType });
      const app = new pg.Client({ connectionString: db.appUrl });
      await app.connect();
      try {
        for (const table of [...tenantTables, ...derivedTables.map((derived) => derived.table)]) {
          const { rows } = await app.query<{ text: string }>(`select t::text as text from ${table} t`);
          for (const canary of [tenantA.canary, tenantB.canary]) {
            expect(rows.filter((row) => row.text.includes(canary))).toHaveLength(SAMPLE_ROWS);
          }
        }
        const first = await app.query("select id from app.projects where tenant_id = $1 order by id limit 1", [
          sample.a.id,
        ]);
        expect(first.rows).toEqual([{ id: tenantA.projectId }]);
      } finally {
        await app.end();
        await db.drop();
      }
    });
  }

  test("the tables belong to the kit's owner", async () => {
    const db = await createDatabase(server, { kit: true });
    await sampleSchema(db.admin, db.roles, { tenantColumn: "org id" });
    const { rows } = await db.admin.query(
      "select distinct pg_get_userbyid(relowner) as owner from pg_class where relnamespace = 'app'::regnamespace",
    );
    expect(rows).toEqual([{ owner: db.roles.owner }]);
    await db.drop();
  });
});
