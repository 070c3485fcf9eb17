/**
 * Transactions of one tenant. BEGIN and context go out together; what the given function returns decides between
 * COMMIT and ROLLBACK. A transaction object is dead when its function has returned.
 */
import { failure } from '../../errors/errors.ts';
import { type BeginOptions, beginText } from '../../scope/begin-text.ts';
import { checkTimeout } from '../../scope/settings.ts';
import { copyFrom, copyTo } from './copy.ts';
import { makeLease } from './lease.ts';
import { readPages } from './portal-pages.ts';
import { batchParts, runAlone } from './probe.ts';
import type { BatchPart } from './scoped-query.ts';
import type { PgClient, PgResult } from './shapes.ts';
import { condemn } from './cancel-request.ts';
import type { TenantClient } from './tenant-client.ts';
import type { Statement, StreamOptions } from './tenant-db.ts';
import type { Attempts, PoolCore } from './tenant-pool.ts';

/** How a transaction begins, and its limits. */
export interface TransactionOptions extends BeginOptions {
  /** Limit for each statement of the transaction, in milliseconds. */
  readonly statementTimeoutMs?: number;
  /** Cancels what runs and destroys the connection. */
  readonly signal?: AbortSignal;
}

/** A running transaction of one tenant. Every member throws ContextError WT_SCOPE_ENDED after its end. */
export interface TenantTransaction {
  readonly tenant: string;
  /** One statement. */
  query(statement: Statement, values?: readonly unknown[]): Promise<PgResult>;
  /** Several statements in one round trip. */
  batch(statements: readonly BatchPart[]): Promise<PgResult[]>;
  /** Rows in pages; other statements may run in between. */
  stream(text: string, values?: readonly unknown[], options?: StreamOptions): AsyncIterableIterator<Record<string, unknown>>;
  /** Runs `COPY … TO STDOUT` and yields its data. */
  copyTo(text: string): AsyncIterableIterator<Buffer>;
  /** Runs `COPY … FROM STDIN` with the given data and returns the number of rows. PostgreSQL refuses it on tables with row security. */
  copyFrom(text: string, source: Iterable<Uint8Array | string> | AsyncIterable<Uint8Array | string>): Promise<number>;
  /** Runs `fn` under a savepoint, which is rolled back when `fn` throws. */
  savepoint<T>(fn: (tx: TenantTransaction) => Promise<T>): Promise<T>;
  /** The connection, for libraries that want a pg client. It can't be released from here. */
  readonly client: PgClient;
}

/** Runs `fn` in a transaction of `tenant`. */
export async function runTransaction<T>(core: PoolCore, tenant: string, fn: (tx: TenantTransaction) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
  const { signal } = options;
  const timeoutMs = checkTimeout(options.statementTimeoutMs);
  const { client, giveBack } = await begin(core, tenant, beginText(options), timeoutMs, signal);
  const tx = new Transaction(core, client, tenant);
  const abort = (): void => void condemn(core.pg, client);
  signal?.addEventListener('abort', abort, { once: true });
  try {
    if (signal?.aborted) throw failure('WT_ABORTED', { cause: signal.reason });
    const result = await fn(tx);
    tx.finish();
    const { command } = await runAlone(client, 'commit');
    // PostgreSQL answers COMMIT of a failed transaction with ROLLBACK and calls it success.
    if (command !== 'COMMIT') throw failure('WT_ROLLED_BACK');
    return result;
  } catch (error) {
    tx.finish();
    if (client.link.condemned === undefined && client._queryable && client.getTransactionStatus() !== 'I') {
      // A rollback that fails leaves a dirty connection, which giving back destroys.
      await runAlone(client, 'rollback').catch(() => undefined);
    }
    throw signal?.aborted ? failure('WT_ABORTED', { cause: error }) : error;
  } finally {
    signal?.removeEventListener('abort', abort);
    giveBack();
  }
}

const maxStaleBegins = 3;

// The function has not started yet, so a refused begin may be repeated, elsewhere if need be.
async function begin(core: PoolCore, tenant: string, text: string, timeoutMs: number | undefined, signal: AbortSignal | undefined): Promise<{ client: TenantClient; giveBack: () => void }> {
  const attempts: Attempts = {};
  for (let stale = 0; ; ) {
    if (signal?.aborted) throw failure('WT_ABORTED', { cause: signal.reason });
    const { client, giveBack } = await core.borrow(tenant);
    try {
      await new Promise<void>((resolve, reject) => {
        const query = client.newQuery(tenant, text);
        query.mode = 'begin';
        query.timeoutMs = timeoutMs ?? query.timeoutMs;
        query.callback = (error) => (error ? reject(error) : resolve());
        client.run(query, signal);
      });
      return { client, giveBack };
    } catch (error) {
      if (client.link.condemned === undefined && client._queryable && client.getTransactionStatus() !== 'I') await runAlone(client, 'rollback').catch(() => undefined);
      giveBack();
      const epoch = (error as { constraint?: string }).constraint === 'watertight_epoch';
      if (!(epoch && ++stale <= maxStaleBegins) && !(await core.recover(tenant, error, attempts))) throw error;
    }
  }
}

class Transaction implements TenantTransaction {
  readonly tenant: string;
  readonly #core: PoolCore;
  readonly #client: TenantClient;
  readonly #parent: Transaction | undefined;
  #lease: { client: PgClient; release: (error?: Error | boolean) => void } | undefined = undefined;
  #ended: boolean = false;
  #savepoints: number = 0;

  constructor(core: PoolCore, client: TenantClient, tenant: string, parent?: Transaction) {
    this.#core = core;
    this.#client = client;
    this.tenant = tenant;
    this.#parent = parent;
  }

  finish(): void {
    this.#ended = true;
    this.#lease?.release();
    this.#lease = undefined;
  }

  #check(): void {
    for (let scope: Transaction | undefined = this; scope !== undefined; scope = scope.#parent) if (scope.#ended) throw failure('WT_SCOPE_ENDED');
    this.#core.engine.tenantFor(this.tenant, 'transaction');
  }

  async query(statement: Statement, values?: readonly unknown[]): Promise<PgResult> {
    this.#check();
    return (await this.#client.queryAs(this.tenant, statement, values)) as PgResult;
  }

  async batch(statements: readonly BatchPart[]): Promise<PgResult[]> {
    this.#check();
    if (statements.length === 0) return [];
    return new Promise((resolve, reject) => {
      const query = this.#client.newQuery(this.tenant, '');
      query.parts = batchParts(this.#core.pg, this.#client, statements);
      query.callback = (error, result) => (error ? reject(error) : resolve(result as PgResult[]));
      this.#client.run(query);
    });
  }

  stream(text: string, values?: readonly unknown[], options?: StreamOptions): AsyncIterableIterator<Record<string, unknown>> {
    this.#check();
    return readPages(this.#client, this.tenant, text, values, options?.batchSize ?? 200, () => this.#check());
  }

  copyTo(text: string): AsyncIterableIterator<Buffer> {
    this.#check();
    return copyTo(this.#client, this.tenant, text);
  }

  async copyFrom(text: string, source: Iterable<Uint8Array | string> | AsyncIterable<Uint8Array | string>): Promise<number> {
    this.#check();
    return copyFrom(this.#client, this.tenant, text, source);
  }

  async savepoint<T>(fn: (tx: TenantTransaction) => Promise<T>): Promise<T> {
    this.#check();
    const name = `wt_${this.#depth()}_${this.#savepoints++}`;
    const inner = new Transaction(this.#core, this.#client, this.tenant, this);
    await this.query(`savepoint ${name}`);
    try {
      const result = await fn(inner);
      inner.finish();
      await this.query(`release savepoint ${name}`);
      return result;
    } catch (error) {
      inner.finish();
      if (!this.#ended) await runAlone(this.#client, `rollback to savepoint ${name}`).catch(() => undefined);
      throw error;
    }
  }

  get client(): PgClient {
    this.#check();
    const refuse = (): void => {
      throw failure('WT_SCOPE_ENDED', { detail: 'the client of a transaction is released by the transaction' });
    };
    if (this.#lease === undefined) {
      // The lease's own release would give the connection back; ending the transaction only ends the view.
      const lease = makeLease(this.#client, () => {}, this.tenant, refuse);
      this.#lease = { client: lease.client, release: lease.end };
    }
    return this.#lease.client;
  }

  #depth(): number {
    let depth = 0;
    for (let scope = this.#parent; scope !== undefined; scope = scope.#parent) depth++;
    return depth;
  }
}
