/**
 * @watertight/runtime/postgres-js: tenant isolation under postgres.js. Your own instance is handed in; nothing is
 * imported from the library at run time.
 */
export { tenantSql, type TenantSql, type TenantSqlOptions } from "./tenant-sql.ts";
export type { TenantDb, TenantQueries } from "./tenant-db.ts";
export type { TenantTransaction, TransactionOptions } from "./transaction.ts";
export type { StreamOptions } from "../../scope/cursor-pages.ts";
export type { CallOptions, Row, Rows, ScopedSql, Statement } from "./types.ts";
export type { UnscopedOptions } from "./unscoped.ts";
export type { Connect } from "./locations.ts";
export type { PostgresJsLike } from "./shapes.ts";
export type { Location, RouteSource } from "../../routes/route-source.ts";
