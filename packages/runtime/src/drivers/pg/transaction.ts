/**
 * Transactions of one tenant. BEGIN and context go out together; what the given function returns decides between
 * COMMIT and ROLLBACK. A transaction object is dead when its function has returned.
 */
import { failure } from "../../errors/errors.ts";
import { type BeginOptions, beginText } from "../../scope/begin-text.ts";
import { checkTimeout } from "../../scope/settings.ts";
import { copyFrom, copyTo } from "./copy.ts";
import { giveBack, type Lease, makeLease } from "./lease.ts";
import { readPages } from "./portal-pages.ts";
import { batchParts, runAlone } from "./probe.ts";
import type { BatchPart } from "./scoped-query.ts";
import type { PgClient, PgResult } from "./shapes.ts";
import { condemn } from "./cancel-request.ts";
import type { TenantClient } from "./tenant-client.ts";
import type { Statement, StreamOptions } from "./tenant-db.ts";
import type { Attempts, Borrowed, PoolCore } from "./tenant-pool.ts";

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
  stream(
    text: string,
    values?: readonly unknown[],
    options?: StreamOptions,
  ): AsyncIterableIterator<Record<string, unknown>>;
  /** Runs `COPY … TO STDOUT` and yields its data. */
  copyTo(text: string): AsyncIterableIterator<Buffer>;
  /** Runs `COPY … FROM STDIN` with the given data and returns the number of rows. PostgreSQL refuses it on tables with row security. */
  copyFrom(text: string, source: Iterable<Uint8Array | string> | AsyncIterable<Uint8Array | string>): Promise<number>;
  /** Runs `fn` under a savepoint, which is rolled back when `fn` throws. */
  savepoint<T>(fn: (tx: TenantTransaction) => Promise<T>): Promise<T>;
  /** The connection, for libraries that want a pg client. It can't be released from here. */
  readonly client: PgClient;
}

/** A transaction that somebody must end, exactly once, with `commit` or `rollBack`. */
export interface OpenTransaction {
  readonly tx: TenantTransaction;
  commit(): Promise<void>;
  rollBack(): Promise<void>;
}

/** Runs `fn` in a transaction of `tenant`. */
export async function runTransaction<T>(
  core: PoolCore,
  tenant: string,
  fn: (tx: TenantTransaction) => Promise<T>,
  options: TransactionOptions = {},
): Promise<T> {
  const open = await openTransaction(core, tenant, options);
  let ending: Promise<void> | undefined;
  try {
    const result = await fn(open.tx);
    // An abort may also come when everything is done but the COMMIT.
    await (ending = open.commit());
    return result;
  } catch (error) {
    if (ending === undefined) await open.rollBack();
    throw options.signal?.aborted ? failure("WT_ABORTED", { cause: error }) : error;
  }
}

/** Begins a transaction with its context, in one round trip. */
export async function openTransaction(
  core: PoolCore,
  tenant: string,
  options: TransactionOptions,
): Promise<OpenTransaction> {
  const { signal } = options;
  const { client, release } = await begin(core, tenant, options);
  const tx = new Transaction(core, client, tenant);
  const abort = (): void => void condemn(core.pg, client);
  signal?.addEventListener("abort", abort);
  const end = async (work: () => Promise<unknown>): Promise<void> => {
    tx.finish();
    try {
      await work();
    } finally {
      signal?.removeEventListener("abort", abort);
      giveBack(client, release, tenant);
    }
  };
  return {
    tx,
    commit: () =>
      end(async () => {
        const { command } = await runAlone(client, "commit");
        // PostgreSQL answers COMMIT of a failed transaction with ROLLBACK and calls it success.
        if (command !== "COMMIT") throw failure("WT_ROLLED_BACK");
      }),
    rollBack: () => end(() => client.rollBack()),
  };
}

const maxStaleBegins = 3;

// Nothing of the caller's has run yet, so a refused begin may be repeated, elsewhere if need be.
async function begin(core: PoolCore, tenant: string, options: TransactionOptions): Promise<Borrowed> {
  const text = beginText(options);
  const timeoutMs = checkTimeout(options.statementTimeoutMs);
  const attempts: Attempts = {};
  for (let stale = 0; ;) {
    const borrowed = await core.borrow(tenant, options.signal);
    const { client, release } = borrowed;
    try {
      const query = client.newQuery(tenant, text);
      query.mode = "begin";
      query.timeoutMs = timeoutMs ?? query.timeoutMs;
      await client.send(query, options.signal);
      return borrowed;
    } catch (error) {
      await client.rollBack();
      giveBack(client, release, tenant);
      const epoch = (error as { constraint?: string }).constraint === "watertight_epoch";
      if (!(epoch && ++stale <= maxStaleBegins) && !(await core.recover(tenant, error, attempts))) throw error;
    }
  }
}

// Only unique, never looked up.
let savepoints = 0;

class Transaction implements TenantTransaction {
  readonly tenant: string;
  readonly #core: PoolCore;
  readonly #client: TenantClient;
  readonly #parent: Transaction | undefined;
  #lease: Lease | undefined = undefined;
  #ended: boolean = false;

  constructor(core: PoolCore, client: TenantClient, tenant: string, parent?: Transaction) {
    this.#core = core;
    this.#client = client;
    this.tenant = tenant;
    this.#parent = parent;
  }

  finish(): void {
    this.#ended = true;
    this.#lease?.end();
  }

  #check(): void {
    if (this.#parent) this.#parent.#check();
    if (this.#ended) throw failure("WT_SCOPE_ENDED");
    this.#core.engine.tenantFor(this.tenant, "transaction");
  }

  async query(statement: Statement, values?: readonly unknown[]): Promise<PgResult> {
    this.#check();
    return (await this.#client.queryAs(this.tenant, statement, values)) as PgResult;
  }

  async batch(statements: readonly BatchPart[]): Promise<PgResult[]> {
    this.#check();
    if (statements.length === 0) return [];
    const query = this.#client.newQuery(this.tenant, "");
    query.parts = batchParts(this.#core.pg, this.#client, statements);
    return (await this.#client.send(query)) as PgResult[];
  }

  stream(
    text: string,
    values?: readonly unknown[],
    options?: StreamOptions,
  ): AsyncIterableIterator<Record<string, unknown>> {
    this.#check();
    return readPages(this.#client, this.tenant, text, values, options?.batchSize ?? 200, () => this.#check());
  }

  copyTo(text: string): AsyncIterableIterator<Buffer> {
    this.#check();
    return copyTo(this.#client, this.tenant, text);
  }

  async copyFrom(
    text: string,
    source: Iterable<Uint8Array | string> | AsyncIterable<Uint8Array | string>,
  ): Promise<number> {
    this.#check();
    return copyFrom(this.#client, this.tenant, text, source);
  }

  async savepoint<T>(fn: (tx: TenantTransaction) => Promise<T>): Promise<T> {
    this.#check();
    const name = `wt_${savepoints++}`;
    const inner = new Transaction(this.#core, this.#client, this.tenant, this);
    await this.query(`savepoint ${name}`);
    try {
      const result = await fn(inner);
      inner.finish();
      await this.query(`release savepoint ${name}`);
      return result;
    } catch (error) {
      inner.finish();
      if (!this.#ended) await this.#client.rollBack(`rollback to savepoint ${name}`);
      throw error;
    }
  }

  get client(): PgClient {
    this.#check();
    // Ending the transaction ends the view and gives the connection back; the view itself can't.
    this.#lease ??= makeLease(
      this.#client,
      () => {},
      this.tenant,
      () => {
        throw failure("WT_SCOPE_ENDED");
      },
    );
    return this.#lease.client;
  }
}
