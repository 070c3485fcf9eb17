/**
 * A pg.Client whose every query is scoped. Anything that can't be scoped is refused before it is sent. The client that
 * pool.connect() hands out is a lease on this (lease.ts); used directly, as in a pool's 'connect' listener, it knows
 * only the ambient tenant.
 */
import { failure } from "../../errors/errors.ts";
import { onAbort } from "./abort-listener.ts";
import { answer } from "./callback-style.ts";
import { sendCancel } from "./cancel-request.ts";
import { type Engine, engineKey } from "./engine.ts";
import { Link } from "./link.ts";
import { runAlone } from "./probe.ts";
import type { CallOptions, Plan, ScopedQuery, ScopedQueryClass } from "./scoped-query.ts";
import type { Callback, PgClient, PgConnection, PgModule, PgSubmittable } from "./shapes.ts";

export interface TenantClient extends PgClient {
  readonly engine: Engine;
  readonly link: Link;
  /** Makes a query for a tenant that was decided already. */
  newQuery(tenant: string, config: unknown, values?: unknown, plan?: Plan, options?: CallOptions): ScopedQuery;
  /** Runs it. */
  send(query: ScopedQuery): Promise<unknown>;
  /** Ends whatever transaction is open; a failure leaves a dirty connection, which giving it back destroys. */
  rollBack(text?: string): Promise<unknown>;
  /** What `query` does, for a lease that is bound to a tenant. */
  queryAs(bound: string | undefined, config: unknown, values?: unknown, callback?: Callback): unknown;
  /** Cancels what runs and destroys the connection; settles when that is done, within two seconds. */
  condemn(): Promise<void>;
}

export type TenantClientClass = new (config?: object) => TenantClient;

/** Makes the client class on top of the user's own pg. */
export function tenantClientClass(pg: PgModule, Scoped: ScopedQueryClass): TenantClientClass {
  return class extends pg.Client implements TenantClient {
    readonly engine: Engine;
    readonly link: Link = new Link();
    readonly #queryTimeoutMs: number;

    constructor(config?: object) {
      super(config);
      const engine = (config as { [engineKey]?: Engine } | undefined)?.[engineKey];
      if (!engine) throw failure("WT_CONFIG", { detail: "needs a tenant pool" });
      this.engine = engine;
      // pg would report a timeout and go on using the connection; ours destroys it.
      this.#queryTimeoutMs = Number(this.connectionParameters.query_timeout) || 0;
      this.connectionParameters.query_timeout = 0;
      // A broken connection reports to the query that runs on it; without a listener it would end the process as well.
      this.on("error", () => {});
      this.on("notice", (notice: object) => this.link.names.overheard(notice));
    }

    override query(config: unknown, values?: unknown, callback?: Callback): unknown {
      return this.queryAs(undefined, config, values, callback);
    }

    newQuery(tenant: string, config: unknown, values?: unknown, plan?: Plan, options?: CallOptions): ScopedQuery {
      return new Scoped(this, tenant, config, values, plan, options);
    }

    queryAs(bound: string | undefined, config: unknown, values?: unknown, callback?: Callback): unknown {
      if (config === null || config === undefined) throw new TypeError("No query given");
      if (typeof values === "function") callback = values as Callback;
      callback ??= (config as { callback?: Callback }).callback;
      // Captured now: a queued query is sent in whatever context finished the one before it.
      if (typeof (config as PgSubmittable).submit === "function")
        return this.#foreign(bound, config as PgSubmittable, callback);
      return answer(
        async () => this.send(this.newQuery(this.engine.tenantFor(bound, "client.query"), config, values)),
        callback,
      );
    }

    // A limit: the caller hears at once; the connection is never used again, because nobody knows what it is doing.
    send(query: ScopedQuery): Promise<unknown> {
      const { signal } = query;
      const limitMs = Number(query.limitMs) || this.#queryTimeoutMs;
      return new Promise((resolve, reject) => {
        const stop = (code: "WT_ABORTED" | "WT_QUERY_TIMEOUT"): void => {
          const queued = this._queryQueue.indexOf(query);
          if (queued >= 0) this._queryQueue.splice(queued, 1);
          else void this.condemn();
          query.finish(failure(code, { cause: signal?.reason }));
        };
        const timer = limitMs > 0 ? setTimeout(stop, limitMs, "WT_QUERY_TIMEOUT") : undefined;
        const unlisten = onAbort(signal, () => stop("WT_ABORTED"));
        query.callback = (error, result) => {
          clearTimeout(timer);
          unlisten();
          if (error) reject(error);
          else resolve(result);
        };
        super.query(query);
      });
    }

    async rollBack(text: string = "rollback"): Promise<unknown> {
      if (!this.link.condemned && this._queryable && this.getTransactionStatus() !== "I")
        return runAlone(this, text).catch(() => {});
    }

    condemn(): Promise<void> {
      return (this.link.condemned ??= sendCancel(pg, this).then(() => this.connection.stream.destroy()));
    }

    /**
     * Cursors and streams keep a portal open between messages: only inside a transaction with an open context. What
     * uses the simple protocol (COPY streams) is refused, because that protocol accepts stacked statements.
     */
    #foreign(bound: string | undefined, query: PgSubmittable, callback: Callback | undefined): unknown {
      const tenant = this.engine.tenantFor(bound, "client.query");
      const { link } = this;
      const status = this.getTransactionStatus();
      const { submit } = query;
      // A hint, to refuse before anything is touched: COPY streams take the socket over before they send. What gets
      // past it is caught below, and costs the connection.
      if (/\.query\(/.test(String(submit))) throw failure("WT_SIMPLE_PROTOCOL");
      if (this.readyForQuery && status === "I") throw failure("WT_NEEDS_TRANSACTION");
      if (!this.readyForQuery || !link.openTenant) {
        const open = this.newQuery(tenant, "", undefined, { mode: "open" });
        open.callback = () => {}; // its failure shows in the status that the submit below looks at
        super.query(open);
      }
      query.submit = (connection: PgConnection): Error | null | undefined | void => {
        if (link.condemned) return failure("WT_SCOPE_ENDED");
        if (this.getTransactionStatus() !== "T" || !link.openTenant) return failure("WT_NEEDS_TRANSACTION");
        if (link.openTenant !== tenant) return failure("WT_TENANT_MISMATCH");
        let simple = false;
        const original = connection.query;
        connection.query = () => void (simple = true);
        try {
          const error = submit.call(query, connection);
          if (!simple) return error;
          void this.condemn();
          return failure("WT_SIMPLE_PROTOCOL");
        } finally {
          connection.query = original;
        }
      };
      super.query(query, callback);
      return query;
    }

    override _handleErrorMessage(message: Error): void {
      const active = this._getActiveQuery();
      // pg would deliver now; ours waits for ReadyForQuery (see scoped-query.ts).
      if (this._connecting || !(active instanceof Scoped)) return super._handleErrorMessage(message);
      active.failed ??= message;
      active.onEnd?.();
    }

    // pg keeps books by the query's name, and would take our ParseComplete messages for its own.
    override _handleParseComplete(): void {
      const active = this._getActiveQuery();
      if (active instanceof Scoped) this.link.names.parsed++;
      else super._handleParseComplete();
    }
  };
}
