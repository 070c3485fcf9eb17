/**
 * Tenant isolation on PGlite: for tests and local-first applications. Policies, errors and the API are those of a
 * server; the session underneath is a superuser's, so this is no boundary against code that wants out.
 */
import { AccessDeniedError, failure } from "../../errors/errors.ts";
import { emitEvent } from "../../context/events.ts";
import type { StreamOptions } from "../../scope/cursor-pages.ts";
import type { Handshake } from "../../scope/profile.ts";
import { reportText, requestRow } from "../../scope/required-row.ts";
import { type ScopeOptions, ScopeSettings } from "../../scope/settings.ts";
import type { Result, Row } from "./answers.ts";
import { type CallOptions, sendOnce } from "./call.ts";
import type { Statement } from "./pipeline.ts";
import { Session } from "./session.ts";
import { checkPglite, type PgliteLike } from "./shapes.ts";
import { statementOf } from "./template.ts";
import {
  generateInTransaction,
  type PgliteTransaction,
  runTransaction,
  type TransactionOptions,
} from "./transaction.ts";

/** Options of {@link tenantPglite}. */
export interface TenantPgliteOptions extends Omit<ScopeOptions, "pooler" | "statementTimeoutMs"> {
  /** Role that queries run as; default: the app role that the kit was installed with. */
  readonly role?: string | undefined;
  /** Role of unscoped work; default: the kit's control role. */
  readonly unscopedRole?: string | undefined;
  /** Report ids that find no row (requireRow); default true. */
  readonly report?: boolean | undefined;
}

/** Queries as one tenant, or as the ambient one. Without a tenant they throw ContextError WT_NO_TENANT. */
export interface PgliteQueries {
  /** One statement as a tagged template. @example const { rows } = await db.sql`select * from invoice where id = ${id}`; */
  sql<R = Row>(template: TemplateStringsArray, ...values: unknown[]): Promise<Result<R>>;
  /** One statement: one call of execProtocol, one transaction. */
  query<R = Row>(text: string, values?: readonly unknown[], options?: CallOptions): Promise<Result<R>>;
  /** Several statements in one call and one transaction: all or nothing. */
  batch(statements: readonly Statement[], options?: CallOptions): Promise<Result[]>;
  /** Runs `fn` in a transaction; ROLLBACK when it throws. Everybody else waits. */
  transaction<T>(fn: (tx: PgliteTransaction) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /** Rows of a SELECT in pages, in a transaction of their own; everybody else waits until the loop has ended. */
  stream<R = Row>(
    text: string,
    values?: readonly unknown[],
    options?: StreamOptions & TransactionOptions,
  ): AsyncIterableIterator<R>;
  /**
   * The one row with this key.
   * @param table name, with schema or without
   * @throws AccessDeniedError WT_ROW_NOT_FOUND, and records a probe event
   */
  requireRow<R = Row>(table: string, key: Record<string, unknown>): Promise<R>;
}

/** Queries of one tenant. */
export interface PgliteTenantDb extends PgliteQueries {
  /** The tenant's canonical id. */
  readonly tenant: string;
}

/** What {@link tenantPglite} returns. */
export interface TenantPglite extends PgliteQueries {
  /** Queries as one tenant. An ambient tenant, where there is one, must be the same. */
  for(tenant: string): PgliteTenantDb;
  /** The start-up probe; run before the first query as well. @throws ConfigurationError */
  ready(): Promise<Handshake>;
  /** Runs `fn` in a transaction of the control role, after the reason was recorded. @throws ConfigurationError WT_UNSCOPED */
  unscoped<T>(options: { readonly reason: string }, fn: (tx: PgliteTransaction) => Promise<T>): Promise<T>;
}

/**
 * Wraps your PGlite. From then on its session acts as the app role, for your own `db.query` as well.
 * @param db your instance, 0.5 or newer, with the kit installed
 * @throws ConfigurationError WT_DRIVER_UNSUPPORTED, WT_CONFIG, WT_KEY_INVALID
 * @example
 * const db = tenantPglite(pglite, { key });
 * const { rows } = await db.for(tenantId).sql`select * from invoice`;
 */
export function tenantPglite(db: PgliteLike, options: TenantPgliteOptions = {}): TenantPglite {
  // Nothing can interrupt a statement in there, so a limit would be a promise not kept.
  if ("statementTimeoutMs" in options) throw failure("WT_CONFIG", { detail: "PGlite has no statement timeout" });
  const settings = new ScopeSettings(options);
  const session = new Session(checkPglite(db), settings, options.role);

  const report = async (tenant: string, relation: string, key: Record<string, unknown>): Promise<void> => {
    emitEvent("probe", { tenant, relation });
    if (options.report === false) return;
    const values = [session.proof(tenant), relation, JSON.stringify(key)];
    const { error } = await session.exclusively(() =>
      session.send(session.prefix(tenant), [{ text: reportText, values }]),
    );
    if (error !== undefined) emitEvent("warning", { message: "a denied row could not be reported", cause: error });
  };

  const queries = (bound: string | undefined): PgliteQueries => {
    const decide = (): string => settings.tenantFor(bound, bound === undefined ? "query" : "for");
    const query = async <R>(text: string, values?: readonly unknown[], call?: CallOptions): Promise<Result<R>> => {
      const [result] = await sendOnce(session, decide(), [{ text, values, paramTypes: call?.paramTypes }], call);
      return result as Result<R>;
    };
    return {
      query,
      sql<R>(template: TemplateStringsArray, ...values: unknown[]) {
        const statement = statementOf(template, values);
        return query<R>(statement.text, statement.values);
      },
      async batch(statements, call) {
        const tenant = decide();
        return statements.length === 0 ? [] : sendOnce(session, tenant, statements, call);
      },
      async transaction(fn, how) {
        const tenant = decide();
        return runTransaction(session, tenant, () => session.prefix(tenant), fn, how);
      },
      stream<R>(text: string, values: readonly unknown[] = [], how: StreamOptions & TransactionOptions = {}) {
        // Now, not at the first row: the loop may run in somebody else's request.
        const tenant = decide();
        return generateInTransaction<R>(session, tenant, (tx) => tx.stream<R>(text, values, how), how);
      },
      async requireRow<R>(table: string, key: Record<string, unknown>) {
        const tenant = decide();
        const { relation, text, values } = requestRow(table, key);
        const [result] = await sendOnce(session, tenant, [{ text, values }]);
        const row = result?.rows[0];
        if (row !== undefined) return row as R;
        await report(tenant, relation, key);
        throw new AccessDeniedError("WT_ROW_NOT_FOUND");
      },
    };
  };

  return {
    ...queries(undefined),
    for(tenant) {
      const canonical = settings.canonical(tenant);
      return { tenant: canonical, ...queries(canonical) };
    },
    ready: () => session.ready(),
    async unscoped(why, fn) {
      const reason = typeof why?.reason === "string" ? why.reason.trim() : "";
      if (reason === "") throw failure("WT_UNSCOPED", { detail: "no reason given" });
      await session.ready();
      const role = options.unscopedRole ?? session.controlRole;
      const before = (): Statement[] => session.unscopedPrefix(role);
      // First the record, in a transaction of its own, then the work: what can't be recorded does not happen.
      await runTransaction(session, undefined, before, (tx) =>
        tx.query("select watertight.audit('unscoped', null, $1)", [JSON.stringify({ reason })]),
      );
      emitEvent("unscoped", { reason });
      return runTransaction(session, undefined, before, fn);
    },
  };
}
