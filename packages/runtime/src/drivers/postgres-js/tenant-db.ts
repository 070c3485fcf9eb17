/**
 * Everything that can be done as one tenant: the explicit way (`for`) and the ambient way are the same object, with
 * and without a bound tenant.
 */
import { AccessDeniedError } from "../../errors/errors.ts";
import { requestRow } from "../../scope/required-row.ts";
import { checkTimeout } from "../../scope/check-option.ts";
import type { ScopeSettings } from "../../scope/settings.ts";
import { type Limits, sendOnce } from "./call.ts";
import type { Stoppable } from "./cancellation.ts";
import type { Locations } from "./locations.ts";
import type { StreamOptions } from "../../scope/cursor-pages.ts";
import type { Reporter } from "./reporter.ts";
import { withRetries } from "./retry.ts";
import type { NativeQuery } from "./shapes.ts";
import { forgetTypes, formStatement } from "./statement-form.ts";
import { makeTag } from "./tag.ts";
import {
  generateInTransaction,
  runTransaction,
  type TenantTransaction,
  type TransactionOptions,
} from "./transaction.ts";
import type { CallOptions, Row, Rows, ScopedSql, Statement } from "./types.ts";

/** Queries as one tenant. Every method throws ContextError WT_NO_TENANT without a tenant, before anything is sent. */
export interface TenantQueries<S> {
  /**
   * Tagged template of postgres.js. The tenant is the one in force where the template is written, not where it is
   * awaited. One statement is one transaction and one round trip (two more the first time this process sends it, when
   * it has parameters).
   * @example const rows = await db.sql`select * from invoice where id = ${id}`;
   */
  readonly sql: ScopedSql<S>;
  /** One statement given as text. @example const rows = await db.query("select * from invoice where id = $1", [id]); */
  query<R extends Row = Row>(text: string, values?: readonly unknown[], options?: CallOptions): Promise<Rows<R>>;
  /** Several statements in one transaction and one round trip: all or nothing. */
  batch(statements: readonly Statement[], options?: CallOptions): Promise<Rows[]>;
  /** Runs `fn` in a transaction: BEGIN and context in one round trip; ROLLBACK when `fn` throws. */
  transaction<R>(fn: (tx: TenantTransaction<S>) => Promise<R>, options?: TransactionOptions): Promise<R>;
  /** Rows of a SELECT in pages, in a transaction of their own; ending the loop early ends the transaction. */
  stream<R extends Row = Row>(
    text: string,
    values?: readonly unknown[],
    options?: StreamOptions & TransactionOptions,
  ): AsyncIterableIterator<R>;
  /**
   * The one row with this key. A row that is not there (for this tenant) is a typed error, and is reported to the
   * operator out of band, because row security hides a foreign row silently.
   * @param table name, with schema or without
   * @throws AccessDeniedError WT_ROW_NOT_FOUND
   */
  requireRow<R extends Row = Row>(table: string, key: Record<string, unknown>): Promise<R>;
}

/** Queries of one tenant. */
export interface TenantDb<S> extends TenantQueries<S> {
  /** The tenant's canonical id. */
  readonly tenant: string;
}

/** What the queries need of their surroundings. */
export interface Surroundings {
  readonly locations: Locations;
  readonly settings: ScopeSettings;
  readonly reporter: Reporter;
}

/** Makes the queries; `bound` is a canonical id, or undefined for the ambient tenant. */
export function makeQueries<S>(around: Surroundings, bound: string | undefined): TenantQueries<S> {
  const { locations, settings, reporter } = around;
  const surface = bound === undefined ? "sql" : "for";
  const decide = (): string => settings.tenantFor(bound, surface);

  const sendAll = async (
    tenant: string,
    make: () => readonly NativeQuery[],
    options: Stoppable<CallOptions>,
  ): Promise<unknown[]> => {
    const limits: Limits = {
      timeoutMs: checkTimeout(options.statementTimeoutMs) ?? settings.statementTimeoutMs,
      signal: options.signal,
    };
    let queries: readonly NativeQuery[] = [];
    return withRetries(
      locations,
      tenant,
      limits.timeoutMs !== undefined,
      (engine, { unnamed }) => {
        queries = make();
        for (const query of queries) {
          const named = engine.named && !unnamed && options.prepare !== false && query.options.prepare !== false;
          formStatement(query, { named, learned: engine.learned });
          // Left over from an attempt that failed, in the form that the server got them.
          query.parameters = undefined;
        }
        return sendOnce(engine, tenant, queries, limits);
      },
      () => queries.map(forgetTypes).includes(true),
    );
  };

  const { sql } = locations.home;
  const texts = (statements: readonly Statement[]) => () =>
    statements.map(({ text, values }) => sql.unsafe(text, [...(values ?? [])], { simple: false, prepare: true }));

  const queries: TenantQueries<S> = {
    sql: makeTag(sql, {
      tenant: decide,
      send: async (query, tenant, signal) => (await sendAll(tenant, () => [query], { signal }))[0],
      pages: (query, tenant, rows, signal) =>
        generateInTransaction(locations, tenant, (tx) => tx.pages(query, rows), { signal }),
    }) as ScopedSql<S>,
    async query<R extends Row>(text: string, values: readonly unknown[] = [], options: CallOptions = {}) {
      const [result] = await sendAll(decide(), texts([{ text, values }]), options);
      return result as Rows<R>;
    },
    async batch(statements, options = {}) {
      const tenant = decide();
      if (statements.length === 0) return [];
      return (await sendAll(tenant, texts(statements), options)) as Rows[];
    },
    async transaction(fn, options) {
      return runTransaction(locations, decide(), fn, options);
    },
    stream<R extends Row>(
      text: string,
      values: readonly unknown[] = [],
      options: StreamOptions & TransactionOptions = {},
    ) {
      // Now, not at the first row: the loop may run in somebody else's request.
      const tenant = decide();
      return generateInTransaction<R, S>(locations, tenant, (tx) => tx.stream<R>(text, values, options), options);
    },
    async requireRow<R extends Row>(table: string, key: Record<string, unknown>) {
      const tenant = decide();
      const { relation, text, values } = requestRow(table, key);
      const [rows] = (await sendAll(tenant, texts([{ text, values }]), {})) as [Rows<R>];
      const row = rows[0];
      if (row !== undefined) return row as R;
      reporter.add({ tenant, relation, key });
      throw new AccessDeniedError("WT_ROW_NOT_FOUND");
    },
  };
  return queries;
}
