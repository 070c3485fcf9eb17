/**
 * Cross-tenant work without a role above row security: tenant by tenant, each in its own context and transaction. The ordinary way, and
 * on servers where BYPASSRLS cannot be granted the only one.
 */
import type { Queryable } from "../db/queryable.ts";
import type { Level } from "../install/sql-files.ts";
import { listTenants, type TenantState } from "../tenants/tenants.ts";
import { openContext } from "./open-context.ts";

/** How to iterate. */
export interface ForEachTenantOptions {
  /** Token key; default WATERTIGHT_KEY. Not needed at level plain. */
  readonly key?: string;
  /** Default `active`: other states are refused by the fence. */
  readonly state?: TenantState;
}

/**
 * Calls `fn` once a tenant, inside that tenant's context. The connection is the migrator's or the control role's. Stops at the first
 * error; the tenants before it are committed. Answers the number of tenants.
 * @example await forEachTenant(client, {}, async (tenant, db) => db.query("update projects set slug = lower(name)"));
 */
export async function forEachTenant(
  db: Queryable,
  options: ForEachTenantOptions,
  fn: (tenant: string, db: Queryable) => Promise<unknown>,
): Promise<number> {
  const tenants = await listTenants(db, options.state ?? "active");
  const { rows } = await db.query("select watertight.handshake() ->> 'level' as level");
  const level = rows[0]!.level as Level;
  for (const { tenant } of tenants) {
    await db.query("begin");
    try {
      await openContext(db, tenant, level, options.key ?? process.env.WATERTIGHT_KEY);
      await fn(tenant, db);
      await db.query("commit");
    } catch (error) {
      await db.query("rollback");
      throw error;
    }
  }
  return tenants.length;
}
