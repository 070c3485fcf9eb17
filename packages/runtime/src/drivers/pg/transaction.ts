/**
 * Transactions of one tenant. BEGIN and context go out together; what the given function returns decides between
 * COMMIT and ROLLBACK. A transaction object is dead when its function has returned.
 */
import { failure } from "../../errors/errors.ts";
import { type BeginOptions, beginText } from "../../scope/begin-text.ts";
import { onAbort } from "./abort-listener.ts";
import { copyFrom, copyTo } from "./copy.ts";
import { giveBack, type Lease, makeLease } from "./lease.ts";
import { readPages } from "./portal-pages.ts";
import { runAlone } from "./probe.ts";
import type { BatchPart } from "./scoped-query.ts";
import type { PgQueryable, PgResult } from "./shapes.ts";
import type { TenantClient } from "./tenant-client.ts";
import type { Statement, StreamOptions } from "./tenant-db.ts";
import type { PoolCore } from "./tenant-pool.ts";

/** How a transaction begins, and its limits. */
export interface TransactionOptions extends BeginOptions {
  /** Limit for each statement of the transaction, in milliseconds. */
  readonly statementTimeoutMs?: number;
  /** Cancels what runs and destroys the connection. */
  readonly signal?: AbortSignal;
}

/** A running transaction of one tenant, `C` your pg.Client. Every member throws ContextError WT_SCOPE_ENDED after its end. */
export interface TenantTransaction<C = PgQueryable> {
  readonly tenant: string;
  /** One statement. */
  query<R = Record<string, unknown>>(statement: Statement, values?: readonly unknown[]): Promise<PgResult<R>>;
  /** Several statements in one round trip. */
  batch(statements: readonly BatchPart[]): Promise<PgResult[]>;
  /** Rows in pages; other statements may run in between. */
  stream<R = Record<string, unknown>>(
    text: string,
    values?: readonly unknown[],
    options?: StreamOptions,
  ): AsyncIterableIterator<R>;
  /** Runs `COPY … TO STDOUT` and yields its data. */
  copyTo(text: string): AsyncIterableIterator<Buffer>;
  /** Runs `COPY … FROM STDIN` with the given data and returns the number of rows. PostgreSQL refuses it on tables with row security. */
  copyFrom(text: string, source: Iterable<Uint8Array | string> | AsyncIterable<Uint8Array | string>): Promise<number>;
  /** Runs `fn` under a savepoint, which is rolled back when `fn` throws. */
  savepoint<T>(fn: (tx: TenantTransaction<C>) => Promise<T>): Promise<T>;
  /** The connection, for libraries that want a pg client. It can't be released from here. */
  readonly client: C;
}

/** A transaction that somebody must end, exactly once. */
export interface OpenTransaction {
  readonly tx: TenantTransaction;
  end(commit: boolean): Promise<void>;
}

/** Runs `fn` in a transaction of `tenant`. */
export async function runTransaction<T>(
  core: PoolCore,
  tenant: string,
  fn: (tx: TenantTransaction) => Promise<T>,
  options: TransactionOptions = {},
): Promise<T> {
  const { tx, end } = await openTransaction(core, tenant, options);
  let done = false;
  try {
    try {
      const result = await fn(tx);
      done = true;
      return result;
    } finally {
      await end(done);
    }
  } catch (error) {
    // An abort may also come when everything is done but the COMMIT.
    throw options.signal?.aborted ? failure("WT_ABORTED", { cause: error }) : error;
  }
}

/** Begins a transaction with its context, in one round trip. */
export async function openTransaction(
  core: PoolCore,
  tenant: string,
  options: TransactionOptions,
): Promise<OpenTransaction> {
  const { client, release } = await core.perform(tenant, beginText(options), undefined, { mode: "begin" }, options);
  const { tx, finish } = makeTransaction(client, tenant, () => {});
  const unlisten = onAbort(options.signal, () => void client.condemn());
  return {
    tx,
    async end(commit) {
      finish();
      try {
        if (!commit) await client.rollBack();
        // PostgreSQL answers COMMIT of a failed transaction with ROLLBACK and calls it success.
        else if ((await runAlone(client, "commit")).command !== "COMMIT") throw failure("WT_ROLLED_BACK");
      } finally {
        unlisten();
        giveBack(client, release, tenant);
      }
    },
  };
}

// Only unique, never looked up.
let savepoints = 0;

/** @param outer throws when what this is part of has ended */
function makeTransaction(
  client: TenantClient,
  tenant: string,
  outer: () => void,
): { tx: TenantTransaction; finish: () => void } {
  let lease: Lease | undefined;
  let ended = false;
  const finish = (): void => {
    ended = true;
    lease?.end();
  };
  const check = (): void => {
    outer();
    if (ended) throw failure("WT_SCOPE_ENDED");
    client.engine.tenantFor(tenant, "transaction");
  };
  const tx: TenantTransaction = {
    tenant,
    async query<R>(statement: Statement, values?: readonly unknown[]) {
      check();
      return client.queryAs(tenant, statement, values) as Promise<PgResult<R>>;
    },
    async batch(parts) {
      check();
      if (parts.length === 0) return [];
      return client.send(client.newQuery(tenant, "", undefined, { parts })) as Promise<PgResult[]>;
    },
    stream<R>(text: string, values?: readonly unknown[], options?: StreamOptions) {
      check();
      return readPages<R>(client, tenant, text, values, options?.batchSize ?? 200, check);
    },
    copyTo(text) {
      check();
      return copyTo(client, tenant, text);
    },
    async copyFrom(text, source) {
      check();
      return copyFrom(client, tenant, text, source);
    },
    async savepoint(fn) {
      check();
      const name = `wt_${savepoints++}`;
      const inner = makeTransaction(client, tenant, check);
      await tx.query(`savepoint ${name}`);
      try {
        const result = await fn(inner.tx);
        inner.finish();
        await tx.query(`release savepoint ${name}`);
        return result;
      } catch (error) {
        inner.finish();
        if (!ended) await client.rollBack(`rollback to savepoint ${name}`);
        throw error;
      }
    },
    get client() {
      check();
      // Ending the transaction ends the view and gives the connection back; the view itself can't.
      lease ??= makeLease(
        client,
        () => {},
        tenant,
        () => {
          throw failure("WT_SCOPE_ENDED");
        },
      );
      return lease.client as unknown as PgQueryable;
    },
  };
  return { tx, finish };
}
