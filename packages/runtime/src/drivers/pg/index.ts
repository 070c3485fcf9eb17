/**
 * @watertight/runtime/pg: tenant isolation under node-postgres. The user's own copy of pg is handed in; nothing is
 * imported from it.
 */
import type { PgLike } from "./shapes.ts";
import { type TenantPool, tenantPoolClass, type TenantPoolOptions } from "./tenant-pool.ts";

export type { TenantPool, TenantPoolOptions } from "./tenant-pool.ts";
export type { TenantDb, Statement, StreamOptions } from "./tenant-db.ts";
export type { TenantTransaction, TransactionOptions } from "./transaction.ts";
export type { BatchPart, CallOptions } from "./scoped-query.ts";
export type { Location, RouteSource } from "../../routes/route-source.ts";
export type { PgLike, PgQueryable, PgResult } from "./shapes.ts";

/**
 * Makes a pool whose every query runs as exactly one tenant. The result is an instance of your own `pg.Pool`, so ORMs
 * take it where they take a pool.
 * @param pg your `pg` module, 8.21 or newer
 * @param options pg's pool configuration and ours
 * @throws ConfigurationError WT_DRIVER_UNSUPPORTED, WT_CONFIG, WT_KEY_INVALID
 * @example
 * import pg from 'pg';
 * const pool = tenantPool(pg, { connectionString: process.env.DATABASE_URL });
 * await tenancy.run(tenantId, () => pool.query('select * from invoice'));
 */
export function tenantPool<P extends PgLike>(
  pg: P,
  options: ConstructorParameters<P["Pool"]>[0] & TenantPoolOptions,
): InstanceType<P["Pool"]> & TenantPool<InstanceType<P["Client"]>> {
  const Pool = tenantPoolClass(pg);
  return new Pool((options ?? {}) as TenantPoolOptions & Record<string, unknown>) as unknown as ReturnType<
    typeof tenantPool<P>
  >;
}
