/**
 * The explicit way in: a handle for one tenant. Means exactly what the ambient way means; where both are present they
 * must agree.
 */
import { AccessDeniedError } from "../../errors/errors.ts";
import { requestRow } from "../../scope/required-row.ts";
import type { BatchPart, CallOptions } from "./scoped-query.ts";
import type { PgResult } from "./shapes.ts";
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

/** Everything that can be done as one tenant. All methods throw ContextError when the ambient tenant is another one. */
export interface TenantDb {
  /** The tenant's canonical id. */
  readonly tenant: string;
  /**
   * One statement in a transaction of its own, one round trip.
   * @example const { rows } = await pool.for(tenant).query('select * from invoice where id = $1', [id]);
   */
  query(statement: Statement, values?: readonly unknown[], options?: CallOptions): Promise<PgResult>;
  /** Several statements in one transaction and one round trip: all or nothing. */
  batch(statements: readonly BatchPart[], options?: CallOptions): Promise<PgResult[]>;
  /**
   * Runs `fn` in a transaction: BEGIN and context in one round trip, then the statements, then COMMIT; ROLLBACK when
   * `fn` throws.
   */
  transaction<T>(fn: (tx: TenantTransaction) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /** Rows in pages, in a read transaction of their own; ending the loop early ends the transaction. */
  stream(
    text: string,
    values?: readonly unknown[],
    options?: StreamOptions,
  ): AsyncIterableIterator<Record<string, unknown>>;
  /**
   * The one row with this key. A row that is not there (for this tenant) is a typed error, and is reported to the
   * operator out of band, because row security hides a foreign row silently.
   * @param table name, with schema or without
   * @throws AccessDeniedError WT_ROW_NOT_FOUND
   */
  requireRow(table: string, key: Record<string, unknown>): Promise<Record<string, unknown>>;
}

/** Makes the handle; `tenant` is canonical. */
export function makeTenantDb(core: PoolCore, tenant: string): TenantDb {
  const check = (): string => core.engine.tenantFor(tenant, "pool.for");
  return {
    tenant,
    async query(statement, values, options) {
      return core.runOnce(check(), statement, values, undefined, options) as Promise<PgResult>;
    },
    async batch(parts, options) {
      check();
      if (parts.length === 0) return [];
      return core.runOnce(tenant, "", undefined, { parts }, options) as Promise<PgResult[]>;
    },
    async transaction(fn, options) {
      return runTransaction(core, check(), fn, options);
    },
    async *stream(text, values, options) {
      const { tx, end } = await openTransaction(core, check(), {});
      let done = false;
      try {
        yield* tx.stream(text, values, options);
        done = true;
      } finally {
        await end(done);
      }
    },
    async requireRow(table, key) {
      const { relation, text, values } = requestRow(table, key);
      const { rows } = (await core.runOnce(check(), text, values)) as PgResult;
      if (rows[0]) return rows[0];
      core.report(tenant, relation, key);
      throw new AccessDeniedError("WT_ROW_NOT_FOUND");
    },
  };
}
