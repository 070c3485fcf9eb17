/**
 * @watertight/runtime/pglite: tenant isolation on PGlite, for tests and local-first applications. Your own instance is
 * handed in; nothing is imported from the library.
 */
export {
  type PgliteQueries,
  type PgliteTenantDb,
  tenantPglite,
  type TenantPglite,
  type TenantPgliteOptions,
} from "./tenant-pglite.ts";
export type { PgliteTransaction, TransactionOptions } from "./transaction.ts";
export type { StreamOptions } from "../../scope/cursor-pages.ts";
export type { CallOptions } from "./call.ts";
export type { ReadOptions, Result, Row } from "./answers.ts";
export type { Statement } from "./pipeline.ts";
export type { PgliteLike } from "./shapes.ts";
