/** The real PGlite fits. Checked by tsc, never run. */
import { PGlite } from "@electric-sql/pglite";
import { live } from "@electric-sql/pglite/live";
import { type PgliteTenantDb, tenantPglite, type TenantPglite } from "../../../src/drivers/pglite/index.ts";

interface Invoice {
  id: number;
}

const db: TenantPglite = tenantPglite(new PGlite(), { key: "k", tenantIdType: "text" });
const tenant: PgliteTenantDb = db.for("acme");

export async function use(): Promise<number> {
  const { rows } = await tenant.query<Invoice>("select * from invoice where id = $1", [1], { paramTypes: [23] });
  const one = await tenant.sql<Invoice>`select * from invoice where id = ${1}`;
  for await (const row of tenant.stream<Invoice>("select * from invoice")) void row.id;
  const id: number = await tenant.transaction(
    async (tx) => (await tx.query<Invoice>("select 1 as id")).rows[0]?.id ?? 0,
    { readOnly: true },
  );
  // @ts-expect-error: PGlite can't interrupt a statement
  tenantPglite(new PGlite(), { statementTimeoutMs: 1 });
  // @ts-expect-error: a look-alike
  tenantPglite({ query: async () => [] });
  // @ts-expect-error: a reason is required
  await db.unscoped({}, async (tx) => tx.query("select 1"));
  return id + (rows[0]?.id ?? 0) + (one.affectedRows ?? 0);
}

/** With extensions the instance has another type. */
export const extended: TenantPglite = tenantPglite(await PGlite.create({ extensions: { live } }));
