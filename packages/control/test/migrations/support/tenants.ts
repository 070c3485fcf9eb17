// Schema tenants in a test database: schemas owned by the kit's owner role, fence rows, and targets that connect as the migrator.
import { readLedger, type Target } from "@watertight/control";
import type { TestDatabase } from "@watertight/testkit";

/** Makes `count` schema tenants t1, t2, … with a fence row each; answers their targets. */
export async function schemaTenants(db: TestDatabase, count: number): Promise<Target[]> {
  const names = Array.from({ length: count }, (_, i) => `t${i + 1}`);
  const batches = Array.from({ length: Math.ceil(count / 100) }, (_, i) => names.slice(i * 100, i * 100 + 100));
  for (const batch of batches)
    await db.admin.query(
      batch
        .map(
          (name) =>
            `create schema ${name} authorization ${db.roles.owner}; select watertight.register_tenant('${name}')`,
        )
        .join(";"),
    );
  return names.map((name) => schemaTarget(db, name));
}

/** The target of a schema tenant. */
export const schemaTarget = (db: TestDatabase, schema: string): Target => ({
  id: schema,
  model: "schema",
  schema,
  connect: { connectionString: db.url(db.roles.migrator) },
});

/** The target of the database's shared tables. */
export const poolTarget = (db: TestDatabase): Target => ({
  id: "pool",
  model: "pool",
  connect: { connectionString: db.url(db.roles.migrator) },
});

/** Names in the target's ledger with their states. */
export async function ledgerNames(db: TestDatabase, target: Target): Promise<string[]> {
  return ((await readLedger(db.admin, target)) ?? []).map(({ name, state }) => `${name} ${state}`);
}

/** Schema version of a tenant. */
export async function versionOf(db: TestDatabase, tenant: string): Promise<string | null> {
  const { rows } = await db.admin.query<{ v: string | null }>(
    "select schema_version as v from watertight.fence where tenant = $1",
    [tenant],
  );
  return rows[0]?.v ?? null;
}
