/**
 * The explicit way in: a handle for one tenant. Means exactly what the ambient way means; where both are present they
 * must agree.
 */
import { AccessDeniedError } from "../../errors/errors.ts";
import { requestRow } from "../../scope/required-row.ts";
import type { BatchPart, CallOptions } from "./scoped-query.ts";
import type { PgQueryable, PgResult } from "./shapes.ts";
import type { PoolCore } from "./tenant-pool.ts";
import { openTransaction, runTransaction, type TenantTransaction, type TransactionOptions } from "./transaction.ts";

/** A statement given as text, or as pg's query object (rowMode, types, name, …). */
export type Statement =
  | string
  | { readonly text: string; readonly values?: readonly unknown[]; readonly name?: string };

/** Options of {@link TenantDb.stream}. */
export interface StreamOptions {
  /** Rows fetched per round trip; default 200. */
  readonly batchSize?: number;
}

/** Everything that can be done as one tenant; `C` is your pg.Client. All methods throw ContextError when the ambient tenant is another one. */
export interface TenantDb<C = PgQueryable> {
  /** The tenant's canonical id. */
  readonly tenant: string;
  /**
   * One statement in a transaction of its own, one round trip.
   * @example const { rows } = await pool.for(tenant).query<Invoice>('select * from invoice where id = $1', [id]);
   */
  query<R = Record<string, unknown>>(
    statement: Statement,
    values?: readonly unknown[],
    options?: CallOptions,
  ): Promise<PgResult<R>>;
  /** Several statements in one transaction and one round trip: all or nothing. */
  batch(statements: readonly BatchPart[], options?: CallOptions): Promise<PgResult[]>;
  /**
   * Runs `fn` in a transaction: BEGIN and context in one round trip, then the statements, then COMMIT; ROLLBACK when
   * `fn` throws.
   */
  transaction<T>(fn: (tx: TenantTransaction<C>) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /** Rows in pages, in a read transaction of their own; ending the loop early ends the transaction. */
  stream<R = Record<string, unknown>>(
    text: string,
    values?: readonly unknown[],
    options?: StreamOptions,
  ): AsyncIterableIterator<R>;
  /**
   * The one row with this key. A row that is not there (for this tenant) is a typed error, and is reported to the
   * operator out of band, because row security hides a foreign row silently.
   * @param table name, with schema or without
   * @throws AccessDeniedError WT_ROW_NOT_FOUND
   */
  requireRow<R = Record<string, unknown>>(table: string, key: Record<string, unknown>): Promise<R>;
}

/** Makes the handle; `tenant` is canonical. */
export function makeTenantDb(core: PoolCore, tenant: string): TenantDb {
  const check = (): string => core.engine.tenantFor(tenant, "pool.for");
  return {
    tenant,
    async query<R>(statement: Statement, values?: readonly unknown[], options?: CallOptions) {
      return core.runOnce(check(), statement, values, undefined, options) as Promise<PgResult<R>>;
    },
    async batch(parts, options) {
      check();
      if (parts.length === 0) return [];
      return core.runOnce(tenant, "", undefined, { parts }, options) as Promise<PgResult[]>;
    },
    async transaction(fn, options) {
      return runTransaction(core, check(), fn, options);
    },
    async *stream<R>(text: string, values?: readonly unknown[], options?: StreamOptions) {
      const { tx, end } = await openTransaction(core, check(), {});
      let done = false;
      try {
        yield* tx.stream<R>(text, values, options);
        done = true;
      } finally {
        await end(done);
      }
    },
    async requireRow<R>(table: string, key: Record<string, unknown>) {
      const { relation, text, values } = requestRow(table, key);
      const { rows } = (await core.runOnce(check(), text, values)) as PgResult<R>;
      if (rows[0]) return rows[0];
      core.report(tenant, relation, key);
      throw new AccessDeniedError("WT_ROW_NOT_FOUND");
    },
  };
}
