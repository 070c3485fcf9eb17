/**
 * Tenants may be registered and changed by the control role itself and by whoever can act as the kit's owner; this frame serves both.
 */
import type { Queryable } from "../db/queryable.ts";
import { inKitTransaction, type KitTransaction } from "../db/transaction.ts";
import { withKit } from "../install/with-kit.ts";

/** Runs `fn` in a transaction with the right to call the tenant functions. */
export async function withTenantRights<T>(db: Queryable, fn: (tx: KitTransaction) => Promise<T>): Promise<T> {
  const { rows } = await db.query(
    `select pg_catalog.has_schema_privilege(n.oid, 'usage') and exists (
              select from pg_catalog.pg_proc p where p.pronamespace = n.oid and p.proname = 'set_tenant_state' and pg_catalog.has_function_privilege(p.oid, 'execute')) as yes
       from pg_catalog.pg_namespace n where n.nspname = 'watertight'`,
  );
  return rows[0]?.yes === true ? inKitTransaction(db, false, fn) : withKit(db, false, fn);
}
