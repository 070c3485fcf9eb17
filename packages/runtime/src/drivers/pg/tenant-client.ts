/**
 * A pg.Client whose every query is scoped. Anything that can't be scoped is refused before it is sent. The client that
 * pool.connect() hands out is a lease on this (lease.ts); used directly, as in a pool's 'connect' listener, it knows
 * only the ambient tenant.
 */
import { failure } from '../../errors/errors.ts';
import { answer } from './callback-style.ts';
import { condemn } from './cancel-request.ts';
import { type Engine, engineKey } from './engine.ts';
import { Link } from './link.ts';
import { runAlone } from './probe.ts';
import type { ScopedQuery, ScopedQueryClass } from './scoped-query.ts';
import type { Callback, PgClient, PgConnection, PgModule, PgSubmittable } from './shapes.ts';

/** What one call may add. */
export interface CallOptions {
  /** Server-side limit for this statement, in milliseconds; it is rolled back when it runs longer. */
  readonly statementTimeoutMs?: number;
  /** Cancels the statement; its connection is destroyed. */
  readonly signal?: AbortSignal;
  /** Prepare under a name of our own (with option prepare 'named' or 'all'). */
  readonly name?: string;
}

export interface TenantClient extends PgClient {
  readonly engine: Engine;
  readonly link: Link;
  /** Runs a query for a tenant that was decided already. */
  run(query: ScopedQuery, signal?: AbortSignal, timeoutMs?: number): void;
  /** The same as a promise. */
  send(query: ScopedQuery, signal?: AbortSignal, timeoutMs?: number): Promise<unknown>;
  /** Ends whatever transaction is open; a failure leaves a dirty connection, which giving it back destroys. */
  rollBack(text?: string): Promise<unknown>;
  /** What `query` does, for a lease that is bound to a tenant. */
  queryAs(bound: string | undefined, config: unknown, values?: unknown, callback?: Callback): unknown;
  /** Whether the connection may go back to the pool. */
  isClean(): boolean;
  newQuery(tenant: string, config: unknown, values?: unknown): ScopedQuery;
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
      if (engine === undefined) throw failure('WT_CONFIG', { detail: 'this client class belongs to a tenant pool' });
      this.engine = engine;
      // pg would report a timeout and go on using the connection; ours destroys it.
      this.#queryTimeoutMs = Number(this.connectionParameters.query_timeout) || 0;
      this.connectionParameters.query_timeout = 0;
      // A broken connection reports to the query that runs on it; without a listener it would end the process as well.
      this.on('error', () => {});
      this.on('notice', (notice: object) => this.link.names.overheard(notice));
    }

    override query(config: unknown, values?: unknown, callback?: Callback): unknown {
      return this.queryAs(undefined, config, values, callback);
    }

    newQuery(tenant: string, config: unknown, values?: unknown): ScopedQuery {
      return new Scoped(this, tenant, config, values);
    }

    queryAs(bound: string | undefined, config: unknown, values?: unknown, callback?: Callback): unknown {
      if (config === null || config === undefined) throw new TypeError('Client was passed a null or undefined query');
      if (typeof values === 'function') callback = values as Callback;
      callback ??= (config as { callback?: Callback }).callback;
      // Captured now: a queued query is sent in whatever context finished the one before it.
      if (typeof (config as PgSubmittable).submit === 'function') return this.#foreign(bound, config as PgSubmittable, callback);
      return answer(this.#promise(bound, config, values), callback);
    }

    // Async, so that a refusal rejects; synchronous up to the send.
    async #promise(bound: string | undefined, config: unknown, values: unknown): Promise<unknown> {
      const query = new Scoped(this, this.engine.tenantFor(bound, 'client.query'), config, values);
      return this.send(query, undefined, Number((config as { query_timeout?: unknown }).query_timeout) || undefined);
    }

    send(query: ScopedQuery, signal?: AbortSignal, timeoutMs?: number): Promise<unknown> {
      return new Promise((resolve, reject) => {
        query.callback = (error, result) => (error ? reject(error) : resolve(result));
        this.run(query, signal, timeoutMs);
      });
    }

    async rollBack(text: string = 'rollback'): Promise<unknown> {
      if (this.link.condemned !== undefined || !this._queryable || this.getTransactionStatus() === 'I') return;
      return runAlone(this, text).catch(() => undefined);
    }

    run(query: ScopedQuery, signal?: AbortSignal, timeoutMs: number = this.#queryTimeoutMs): void {
      if (signal !== undefined || timeoutMs > 0) this.#limit(query, signal, timeoutMs);
      super.query(query);
    }

    // The caller hears at once; the connection is never used again, because nobody knows what it is doing.
    #limit(query: ScopedQuery, signal: AbortSignal | undefined, timeoutMs: number): void {
      const callback = query.callback;
      const stop = (code: 'WT_ABORTED' | 'WT_QUERY_TIMEOUT'): void => {
        const queued = this._queryQueue.indexOf(query);
        if (queued >= 0) this._queryQueue.splice(queued, 1);
        else void condemn(pg, this);
        query.finish(failure(code, code === 'WT_ABORTED' ? { cause: signal?.reason } : {}));
      };
      const timer = timeoutMs > 0 ? setTimeout(stop, timeoutMs, 'WT_QUERY_TIMEOUT') : undefined;
      const abort = (): void => stop('WT_ABORTED');
      query.callback = (error, result) => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
        callback?.(error, result);
      };
      signal?.addEventListener('abort', abort, { once: true });
    }

    /**
     * Cursors and streams keep a portal open between messages: only inside a transaction with an open context. What
     * uses the simple protocol (COPY streams) is refused, because that protocol accepts stacked statements.
     */
    #foreign(bound: string | undefined, query: PgSubmittable, callback: Callback | undefined): unknown {
      const tenant = this.engine.tenantFor(bound, 'client.query');
      const { link } = this;
      const status = this.getTransactionStatus();
      const { submit } = query;
      // A hint, to refuse before anything is touched: COPY streams take the socket over before they send. What gets
      // past it is caught below, and costs the connection.
      if (/\.query\(/.test(String(submit))) throw failure('WT_SIMPLE_PROTOCOL');
      if (this.readyForQuery && status === 'I') throw failure('WT_NEEDS_TRANSACTION');
      if (!this.readyForQuery || link.openTenant === undefined) {
        const open = new Scoped(this, tenant, '');
        open.mode = 'open';
        open.callback = () => {}; // its failure shows in the status that the submit below looks at
        super.query(open);
      }
      query.submit = (connection: PgConnection): Error | null | undefined | void => {
        if (link.condemned !== undefined) return failure('WT_SCOPE_ENDED');
        if (this.getTransactionStatus() !== 'T' || link.openTenant === undefined) return failure('WT_NEEDS_TRANSACTION');
        if (link.openTenant !== tenant) return failure('WT_TENANT_MISMATCH');
        let simple = false;
        const original = connection.query;
        connection.query = () => void (simple = true);
        try {
          const error = submit.call(query, connection);
          if (!simple) return error;
          void condemn(pg, this);
          return failure('WT_SIMPLE_PROTOCOL');
        } finally {
          connection.query = original;
        }
      };
      super.query(query, callback);
      return query;
    }

    isClean(): boolean {
      // Status alone is not enough: it is the status of the last answer, and one may be outstanding.
      return this.readyForQuery && this.getTransactionStatus() === 'I' && this.link.condemned === undefined && !this.link.readOnly;
    }

    override _handleErrorMessage(message: Error): void {
      const active = this._getActiveQuery();
      // pg would deliver now; ours waits for ReadyForQuery (see scoped-query.ts).
      if (this._connecting || !(active instanceof Scoped)) return super._handleErrorMessage(message);
      active.failed ??= message;
      active.onError?.();
    }

    override _handleParseComplete(): void {
      const active = this._getActiveQuery();
      if (active instanceof Scoped) active.parsed++;
      else super._handleParseComplete();
    }
  };
}
