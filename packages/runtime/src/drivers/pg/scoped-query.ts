/**
 * A subclass of pg's own Query, so that pg's client feeds it: receives what a pipeline (pipeline.ts) asked for. Errors are
 * delivered after ReadyForQuery, so that the status is right when the connection is given back; what was a whole
 * transaction and failed for a passing reason is repeated. Must never write but through a pipeline.
 */
import { emitEvent } from "../../context/events.ts";
import { failure } from "../../errors/errors.ts";
import { conditionOf, explain, markContextError, type SqlError } from "../../scope/classify.ts";
import { checkTimeout } from "../../scope/check-option.ts";
import type { Engine } from "./engine.ts";
import type { Link } from "./link.ts";
import { type Sent, writePipeline } from "./pipeline.ts";
import type { PgConnection, PgModule, PgQuery, PgResultBuilder } from "./shapes.ts";

/** The client that a query runs on, as far as the query needs it. */
interface QueryHost {
  readonly engine: Engine;
  readonly link: Link;
  readonly processID: number | null;
  _queryQueue: unknown[];
  getTransactionStatus(): string | null;
}

/**
 * What a pipeline is for. `query`: decide by status. `begin`: BEGIN and context. `open`: context only, if not open
 * yet. `alone`: no context, for COMMIT, ROLLBACK and the start-up probe. `page`, `close`: a further page of a portal, its
 * end. `copy`: ends in Flush, because the server swallows a Sync during COPY FROM.
 */
type Mode = "query" | "begin" | "open" | "alone" | "page" | "close" | "copy";

/** One statement of a batch. */
export interface BatchPart {
  readonly text: string;
  readonly values?: readonly unknown[] | undefined;
  readonly name?: string | undefined;
}

/** What one call may add. */
export interface CallOptions {
  /** Server-side limit for this statement, in milliseconds; it is rolled back when it runs longer. */
  readonly statementTimeoutMs?: number;
  /** Cancels the statement; its connection is destroyed. */
  readonly signal?: AbortSignal;
  /** Prepare under a name of our own (with option prepare 'named' or 'all'). */
  readonly name?: string;
}

/** What we want of a query, beside what its caller wants. */
export interface Plan {
  readonly mode?: Mode;
  /** Several statements instead of the query's own text. */
  readonly parts?: readonly BatchPart[] | undefined;
  /** Portal and page size when rows come in pages. */
  readonly portal?: string;
  readonly pageSize?: number;
}

export interface ScopedQuery extends PgQuery, Required<Omit<Plan, "mode">> {
  mode: Mode;
  readonly host: QueryHost;
  readonly tenant: string;
  readonly timeoutMs: number | undefined;
  readonly signal: AbortSignal | undefined;
  /** pg's query_timeout for this query alone. */
  readonly limitMs: unknown;
  suspended: boolean;
  /** The first error, as the server or we made it. */
  failed: Error | undefined;
  /** Told when the statement is done or has failed, for pipelines that have not sent their Sync yet. */
  onEnd: (() => void) | undefined;
  /** Ends the query now, without waiting for the server. */
  finish(error: Error | null, result?: unknown): void;
}

export type ScopedQueryClass = new (
  host: QueryHost,
  tenant: string,
  config: unknown,
  values?: unknown,
  plan?: Plan,
  options?: CallOptions,
) => ScopedQuery;

const noop = (): void => {};

const maxStaleRetries = 3;

/** Makes the query class on top of the user's own pg. */
export function scopedQueryClass(pg: PgModule): ScopedQueryClass {
  const { prepareValue } = pg.utils;

  return class extends pg.Query implements ScopedQuery {
    readonly host: QueryHost;
    readonly tenant: string;
    readonly timeoutMs: number | undefined;
    readonly signal: AbortSignal | undefined;
    readonly limitMs: unknown;
    mode: Mode = "query";
    parts: readonly BatchPart[] | undefined;
    portal: string = "";
    pageSize: number = 0;
    suspended: boolean = false;
    failed: Error | undefined;
    onEnd: (() => void) | undefined;
    #sent!: Sent;
    /** Stock queries that collect the results of `parts`. */
    #collect: PgQuery[] | undefined;
    #part: number = 0;
    #retries: number = 0;

    constructor(
      host: QueryHost,
      tenant: string,
      config: unknown,
      values?: unknown,
      plan?: Plan,
      options?: CallOptions,
    ) {
      super(config, values);
      this.host = host;
      this.tenant = tenant;
      this.timeoutMs = checkTimeout(options?.statementTimeoutMs) ?? host.engine.statementTimeoutMs;
      this.signal = options?.signal;
      this.limitMs = (config as { query_timeout?: unknown }).query_timeout;
      this.name = options?.name ?? this.name;
      Object.assign(this, plan);
    }

    override submit(connection: PgConnection): Error | null {
      const { link, engine } = this.host;
      if (link.condemned) return failure("WT_SCOPE_ENDED");
      const { writer } = engine;
      this.#part = 0;
      this.suspended = false;
      try {
        this.#collect = this.parts?.map((part) => {
          const query = new pg.Query(part);
          query._result._types = this._result._types;
          return query;
        });
        this.#sent = writePipeline(this, this.#collect, writer, prepareValue);
      } catch (error) {
        // Refused, or a value that can't be serialised: nothing was written, the connection is untouched.
        writer.reset();
        return error instanceof Error ? error : new Error(String(error));
      }
      const bytes = writer.take();
      if (connection.stream.writable) connection.stream.write(bytes);
      return null;
    }

    get #into(): PgResultBuilder {
      return (this.#collect?.[this.#part] ?? this)._result;
    }

    // As pg does it, without the 'row' event (nobody can listen, the query object is never handed out) and the Sync that
    // pg sends after each statement of a query with `rows`.
    override handleRowDescription({ fields }: { fields: readonly unknown[] }): void {
      this.#into.addFields(fields);
    }

    override handleDataRow({ fields }: { fields: readonly (string | null)[] }): void {
      if (this.#sent.skip > 0 || this._canceledDueToError) return;
      const result = this.#into;
      try {
        result.addRow(result.parseRow(fields));
      } catch (error) {
        this._canceledDueToError = error as Error;
      }
    }

    override handleCommandComplete(message: { text: string }): void {
      if (this.#sent.skip > 0) this.#sent.skip--;
      else {
        this.#into.addCommandComplete(message);
        this.handleEmptyQuery();
      }
    }

    override handleEmptyQuery(): void {
      this.#part++;
      this.onEnd?.();
    }

    override handlePortalSuspended(): void {
      this.suspended = true;
    }

    // The server swallowed our Sync with the COPY data (stock pg hangs here): give up and send another one.
    override handleCopyInResponse(connection: PgConnection): void {
      this.failed ??= failure("WT_COPY");
      // Inside a batch the next message breaks the COPY by itself, and then our Sync counts.
      if (!this.parts || this.#part === this.parts.length - 1)
        connection.stream.write(this.host.engine.writer.message("f", "not here").sync().take());
    }

    override handleCopyData(_message?: unknown, _connection?: unknown): void {
      this.failed ??= failure("WT_COPY");
    }

    override handleReadyForQuery(): void {
      const { host, mode, tenant } = this;
      const { link } = host;
      const error = this.failed as (SqlError & Error) | undefined;
      const sent = this.#sent;
      const results = this.#collect?.map((query) => query._result);
      if (error && sent.opens && sent.skip > 0) markContextError(error);
      const status = host.getTransactionStatus();
      link.settle(status, error, sent, tenant, (results ? results.at(-1) : this._result)?.command);
      if (!error) return this.finish(this._canceledDueToError || null, results ?? this._result);
      const condition = conditionOf(error);
      // A whole transaction that is rolled back, or will be: repeating it is safe.
      const whole = (sent.implicit && status === "I") || mode === "begin";
      const stale = condition === "stale-snapshot";
      const lost = condition === "statement-lost";
      if (
        whole &&
        this.callback !== noop &&
        ((stale && this.#retries < maxStaleRetries) || (lost && link.names.used.length > 0 && this.#retries < 1))
      ) {
        const attempt = ++this.#retries;
        if (stale) emitEvent("stale-retry", { tenant, attempt });
        this.failed = undefined;
        this._canceledDueToError = false;
        const fresh = new pg.Result(this._rowMode, this.types);
        fresh._types = this._result._types;
        this._result = fresh;
        // In front of whatever waits: pg's client takes the next query right after this returns.
        host._queryQueue.unshift(this);
        return;
      }
      if (condition && !lost && condition !== "cancelled")
        emitEvent("denied", { code: error.code!, tenant, relation: error.table, sqlstate: error.code });
      this.finish(explain(condition, error, this.timeoutMs !== undefined) ?? error);
    }

    /** From pg's client: the socket is gone, or submit refused. There will be no ReadyForQuery for this. */
    override handleError(error: Error): void {
      // A fatal error of the server comes before the end of the socket and says more.
      this.finish(this.failed ?? error);
    }

    finish(error: Error | null, result?: unknown): void {
      const { callback } = this;
      this.callback = noop;
      callback!(error, result);
    }
  };
}
