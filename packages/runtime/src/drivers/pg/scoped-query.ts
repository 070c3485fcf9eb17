/**
 * One scoped pipeline: reset if due, context, the statement(s), one Sync, one write. A subclass of pg's own Query, so
 * that pg's client feeds it. Decides when it is submitted, by transaction status, never by parsing SQL, and fails
 * closed: where a hint about the text is wrong, the statement runs without context and the database refuses it.
 * Errors are delivered after ReadyForQuery, so that the status is right when the connection is given back.
 */
import { emitEvent } from '../../context/events.ts';
import { failure, isWatertightError } from '../../errors/errors.ts';
import { type Condition, conditionOf, explain, markContextError, type SqlError } from '../../scope/classify.ts';
import type { Engine } from './engine.ts';
import type { Link } from './link.ts';
import type { Callback, PgConnection, PgModule, PgQuery } from './shapes.ts';
import type { NamedStatement } from './statement-names.ts';
import { MessageWriter } from '../../scope/wire.ts';

/** The client that a query runs on, as far as the query needs it. */
export interface QueryHost {
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
export type Mode = 'query' | 'begin' | 'open' | 'alone' | 'page' | 'close' | 'copy';

/** One statement of a batch. */
export interface BatchPart {
  readonly text: string;
  readonly values?: readonly unknown[] | undefined;
  readonly name?: string | undefined;
}

export interface ScopedQuery extends PgQuery {
  readonly host: QueryHost;
  readonly tenant: string;
  mode: Mode;
  timeoutMs: number | undefined;
  /** The statement's own name as the caller gave it; pg must not see it. */
  statementName: string | undefined;
  parts: PgQuery[] | undefined;
  /** Portal and page size when rows come in pages. */
  portal: string;
  pageSize: number;
  suspended: boolean;
  /** The first error, as the server or we made it. */
  failed: Error | undefined;
  parsed: number;
  /** Told at the first error message, for pipelines that have not sent their Sync yet. */
  onError: (() => void) | undefined;
  /** Ends the query with an error now, without waiting for the server. */
  finish(error: Error | null, result?: unknown): void;
}

export type ScopedQueryClass = new (host: QueryHost, tenant: string, config: unknown, values?: unknown, callback?: Callback) => ScopedQuery;

const executeAndSync = new MessageWriter().describePortal('').execute('').sync().take();
const describeAndExecute = new MessageWriter().describePortal('').execute('').take();
const syncOnly = new MessageWriter().sync().take();
const giveUpCopy = new MessageWriter().message('f', 'not here').sync().take();
const noop = (): void => {};

const maxStaleRetries = 3;

/** Only hints: a wrong one makes the statement run without context, and then the database refuses. */
const beginHint = /^\s*(?:begin|start\s+transaction)\b/i;
const setTransactionHint = /^\s*set\s+(?:transaction|session\s+characteristics)\b/i;

/** Makes the query class on top of the user's own pg. */
export function scopedQueryClass(pg: PgModule): ScopedQueryClass {
  const { prepareValue } = pg.utils;

  return class extends pg.Query implements ScopedQuery {
    readonly host: QueryHost;
    readonly tenant: string;
    mode: Mode = 'query';
    timeoutMs: number | undefined;
    statementName: string | undefined;
    parts: PgQuery[] | undefined = undefined;
    portal: string = '';
    pageSize: number = 0;
    suspended: boolean = false;
    failed: Error | undefined = undefined;
    parsed: number = 0;
    onError: (() => void) | undefined = undefined;
    #skip: number = 0;
    #part: number = 0;
    #prefixed: boolean = false;
    #reset: boolean = false;
    #implicit: boolean = false;
    #parses: (NamedStatement | null)[] = [];
    #used: NamedStatement[] = [];
    #retries: number = 0;

    constructor(host: QueryHost, tenant: string, config: unknown, values?: unknown, callback?: Callback) {
      super(config, values, callback);
      this.host = host;
      this.tenant = tenant;
      this.timeoutMs = host.engine.statementTimeoutMs;
      this.statementName = this.name;
      // pg keeps books by this field and would take our ParseComplete messages for its own.
      this.name = undefined;
    }

    override submit(connection: PgConnection): Error | null {
      const { link, engine } = this.host;
      if (link.condemned !== undefined) return failure('WT_SCOPE_ENDED');
      const writer = engine.writer;
      try {
        const refusal = this.#write(writer);
        if (refusal !== null) {
          writer.reset();
          return refusal;
        }
      } catch (error) {
        // A value that can't be serialised: nothing was written, the connection is untouched.
        writer.reset();
        return error instanceof Error ? error : new Error(String(error));
      }
      const bytes = writer.take();
      if (this.#prefixed) link.lastTenant = this.tenant;
      if (connection.stream.writable) connection.stream.write(bytes);
      return null;
    }

    #write(writer: MessageWriter): Error | null {
      const { link } = this.host;
      const status = this.host.getTransactionStatus();
      const mode = this.mode;
      if (mode === 'page') {
        writer.execute(this.portal, this.pageSize).sync();
        return null;
      }
      if (mode === 'close') {
        writer.closeObject('P', this.portal).sync();
        return null;
      }
      if (typeof this.text !== 'string') return new TypeError('A query must have a text.');
      if (this.values && !Array.isArray(this.values)) return new TypeError('Query values must be an array');
      link.names.writeCloses(writer);
      if (mode === 'begin') {
        writer.run(this.text);
        this.#parses.push(null);
        this.#skip = 1;
        this.#prefix(writer);
        writer.raw(syncOnly);
        return null;
      }
      if (mode !== 'alone') {
        if (status === 'I') {
          if (mode === 'open' || mode === 'copy' || this.pageSize > 0) return failure('WT_NEEDS_TRANSACTION');
          if (!beginHint.test(this.text)) {
            this.#prefix(writer);
            this.#implicit = true;
          }
        } else if (status === 'T') {
          if (link.openTenant === undefined) {
            if (mode === 'open' || !setTransactionHint.test(this.text)) this.#prefix(writer);
          } else if (link.openTenant !== this.tenant) return failure('WT_TENANT_MISMATCH');
        }
        if (mode === 'open') {
          writer.raw(syncOnly);
          return null;
        }
      } else this.#implicit = status === 'I';
      if (this.parts === undefined) {
        this.#statement(writer, this.text, this.values, this.statementName);
        if (mode === 'copy') writer.execute('').message('H');
        else if (this.pageSize > 0) writer.describePortal(this.portal).execute(this.portal, this.pageSize).raw(syncOnly);
        else writer.raw(executeAndSync);
      } else {
        for (const part of this.parts) {
          this.#statement(writer, part.text, part.values, part.name);
          writer.raw(describeAndExecute);
        }
        writer.raw(syncOnly);
      }
      return null;
    }

    #prefix(writer: MessageWriter): void {
      const { link, engine, processID } = this.host;
      const prefix = link.writePrefix(engine, writer, this.tenant, this.timeoutMs, processID ?? 0, this.#parses, this.#used);
      this.#skip += prefix.commands;
      this.#reset = prefix.reset;
      this.#prefixed = true;
    }

    #statement(writer: MessageWriter, text: string, values: unknown[] | undefined, name: string | undefined): void {
      const { engine, link } = this.host;
      const named = engine.profile?.named === true && (engine.prepare === 'all' || (engine.prepare === 'named' && !!name));
      let statement = '';
      if (named) {
        const entry = link.names.use(writer, text, this.#parses);
        this.#used.push(entry);
        statement = entry.name;
      } else {
        writer.parse('', text);
        this.#parses.push(null);
      }
      writer.bind(this.portal, statement, values, prepareValue, this.binary === true);
    }

    override handleRowDescription(message: { fields: readonly unknown[] }): void {
      if (this.parts === undefined) super.handleRowDescription(message);
      else this.parts[this.#part]?.handleRowDescription(message);
    }

    // As pg does it, without the 'row' event: nobody can listen, the query object is never handed out.
    override handleDataRow(message: { fields: readonly (string | null)[] }): void {
      if (this.#skip > 0 || this._canceledDueToError) return;
      const result = this.parts === undefined ? this._result : this.parts[this.#part]!._result;
      try {
        result.addRow(result.parseRow(message.fields));
      } catch (error) {
        this._canceledDueToError = error as Error;
      }
    }

    override handleCommandComplete(message: { text: string }, connection: PgConnection): void {
      if (this.#skip > 0) this.#skip--;
      else if (this.parts === undefined) super.handleCommandComplete(message, connection);
      else this.parts[this.#part++]?.handleCommandComplete(message, connection);
    }

    override handleEmptyQuery(): void {
      this.#part++;
    }

    override handlePortalSuspended(): void {
      this.suspended = true;
    }

    // The server swallowed our Sync with the COPY data (stock pg hangs here): give up and send another one.
    override handleCopyInResponse(connection: PgConnection): void {
      this.failed ??= failure('WT_COPY');
      // Inside a batch the next message breaks the COPY by itself, and then our Sync counts.
      if (this.parts === undefined || this.#part === this.parts.length - 1) connection.stream.write(giveUpCopy);
    }

    override handleCopyData(_message?: unknown, _connection?: unknown): void {
      this.failed ??= failure('WT_COPY');
    }

    override handleReadyForQuery(): void {
      const { host, failed } = this;
      const status = host.getTransactionStatus();
      if (failed !== undefined && this.#prefixed && this.#skip > 0) markContextError(failed);
      this.#settle(status, failed);
      if (failed === undefined) {
        if (this._canceledDueToError) this.finish(this._canceledDueToError);
        else this.finish(null, this.parts === undefined ? this._results : this.parts.map((part) => part._result));
        return;
      }
      if (isWatertightError(failed)) return this.finish(failed);
      const condition = conditionOf(failed as SqlError);
      if (this.#implicit && status === 'I' && this.callback !== noop && this.#mayRetry(condition)) {
        this.#prepareRetry();
        // In front of whatever waits: pg's client takes the next query right after this returns.
        host._queryQueue.unshift(this);
        return;
      }
      if (condition !== undefined && condition !== 'statement-lost' && condition !== 'cancelled') this.#report(failed as SqlError);
      this.finish(explain(condition, failed as SqlError, this.timeoutMs !== undefined) ?? failed);
    }

    #settle(status: string | null, failed: Error | undefined): void {
      const { link } = this.host;
      const last = this.parts === undefined ? this._result : this.parts.at(-1)?._result;
      if (this.mode !== 'alone' || !this.#implicit)
        link.settle({
          status,
          failed: failed !== undefined,
          implicit: this.#implicit,
          opened: this.#prefixed && this.#skip === 0,
          reset: this.#reset,
          tenant: this.tenant,
          tag: last?.command ?? null,
        });
      if ((failed as SqlError | undefined)?.code === '25006') link.readOnly = true;
      // A named Parse survives the failure of its pipeline, so what counts is which ParseComplete came (42P05 trap).
      for (let i = 0; i < this.#parses.length; i++) {
        const statement = this.#parses[i];
        if (statement) statement.state = i < this.parsed ? 'parsed' : 'absent';
      }
      if (failed !== undefined) link.names.overheard(failed);
      if (failed === undefined) link.names.closesDone();
      else if (conditionOf(failed as SqlError) === 'statement-lost') for (const statement of this.#used) statement.state = 'suspect';
    }

    // The pipeline was a whole transaction and is rolled back, so repeating it is safe.
    #mayRetry(condition: Condition | undefined): boolean {
      if (condition === 'statement-lost') return this.#used.length > 0 && this.#retries < 1;
      if (condition !== 'stale-snapshot' || this.#retries >= maxStaleRetries) return false;
      emitEvent('stale-retry', { tenant: this.tenant, attempt: this.#retries + 1 });
      return true;
    }

    #prepareRetry(): void {
      this.#retries++;
      this.failed = undefined;
      this._canceledDueToError = false;
      this.parsed = this.#skip = this.#part = 0;
      this.#prefixed = this.#reset = this.#implicit = false;
      this.#parses = [];
      this.#used = [];
      for (const query of this.parts ?? [this]) {
        const fresh = new pg.Result(query._rowMode, query.types);
        fresh._types = query._result._types;
        query._result = query._results = fresh;
      }
    }

    #report(error: SqlError): void {
      emitEvent('denied', { code: error.code ?? '', tenant: this.tenant, relation: error.table, sqlstate: error.code });
    }

    /** From pg's client: the socket is gone, or submit refused. There will be no ReadyForQuery for this. */
    override handleError(error: Error): void {
      // A fatal error of the server comes before the end of the socket and says more.
      this.finish(this.failed ?? error);
    }

    finish(error: Error | null, result?: unknown): void {
      const callback = this.callback;
      if (callback === undefined || callback === noop) return;
      this.callback = noop;
      try {
        callback(error, error === null ? result : undefined);
      } catch (thrown) {
        // A caller's exception must not break the parser that is in the middle of a packet.
        process.nextTick(() => {
          throw thrown;
        });
      }
    }
  };
}

