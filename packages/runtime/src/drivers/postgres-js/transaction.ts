/**
 * Transactions of one tenant. BEGIN and context go out together; what the given function returns decides between
 * COMMIT and ROLLBACK. A transaction object is dead when its function has returned.
 */
import type { Readable } from "node:stream";
import { failure } from "../../errors/errors.ts";
import { type BeginOptions, beginText } from "../../scope/begin-text.ts";
import { checkTimeout } from "../../scope/check-option.ts";
import { aborted, leaseFor, type Limits, refuseCopy, unlessAborted } from "./call.ts";
import type { Stoppable } from "./cancellation.ts";
import type { Engine } from "./engine.ts";
import type { Lease } from "./lease.ts";
import type { Locations } from "./locations.ts";
import { Nesting } from "../../scope/nesting.ts";
import { readPages, type StreamOptions } from "../../scope/cursor-pages.ts";
import { withRetries } from "./retry.ts";
import { valueOf } from "./settled.ts";
import type { NativeQuery } from "./shapes.ts";
import { translate } from "./sql-error.ts";
import { formStatement, learnFrom } from "./statement-form.ts";
import { stop } from "./stop.ts";
import { makeTag } from "./tag.ts";
import type { Row, Rows, ScopedSql, Statement } from "./types.ts";

/** How a transaction begins, and its limits. */
export interface TransactionOptions extends BeginOptions {
  /** Limit for each statement of the transaction, in milliseconds. */
  readonly statementTimeoutMs?: number;
  /** Cancels what runs and closes the connection. */
  readonly signal?: AbortSignal;
}

/** A running transaction of one tenant. Every member throws ContextError WT_SCOPE_ENDED after its end. */
export interface TenantTransaction<S> {
  readonly tenant: string;
  /** Tagged template; queries not awaited before the function returns are refused. */
  readonly sql: ScopedSql<S>;
  /** One statement. */
  query<R extends Row = Row>(text: string, values?: readonly unknown[]): Promise<Rows<R>>;
  /** Several statements, sent together. */
  batch(statements: readonly Statement[]): Promise<Rows[]>;
  /** Rows of a SELECT in pages; other statements may run in between. */
  stream<R extends Row = Row>(
    text: string,
    values?: readonly unknown[],
    options?: StreamOptions,
  ): AsyncIterableIterator<R>;
  /** Runs `COPY … TO STDOUT` and yields its data; nothing else runs until the loop has ended. */
  copyTo(text: string): AsyncIterableIterator<Buffer>;
  /** Runs `fn` under a savepoint, which is rolled back when `fn` throws. */
  savepoint<R>(fn: (tx: TenantTransaction<S>) => Promise<R>): Promise<R>;
}

/** Runs `fn` in a transaction of `tenant`. */
export async function runTransaction<R, S>(
  locations: Locations,
  tenant: string,
  fn: (tx: TenantTransaction<S>) => Promise<R>,
  options: TransactionOptions = {},
): Promise<R> {
  const { engine, lease, timed } = await beginFor(locations, tenant, options);
  const tx = new Transaction<S>(engine, lease, tenant, timed);
  return unlessAborted(lease, inside(engine, lease, tx, fn), options.signal);
}

/** The same for rows that are handed out one by one: the transaction lasts as long as the loop over them. */
export async function* generateInTransaction<R, S>(
  locations: Locations,
  tenant: string,
  produce: (tx: Transaction<S>) => AsyncIterable<R>,
  options: Stoppable<TransactionOptions> = {},
): AsyncGenerator<R> {
  const { signal } = options;
  const { engine, lease, timed } = await beginFor(locations, tenant, options);
  const tx = new Transaction<S>(engine, lease, tenant, timed);
  let finish: () => void = () => {};
  const over = new Promise<void>((resolve) => (finish = resolve));
  const abort = (): void => void stop(lease, over);
  signal?.addEventListener("abort", abort, { once: true });
  let failed: { readonly error: unknown } | undefined;
  try {
    if (signal?.aborted) abort();
    yield* produce(tx);
  } catch (error) {
    failed = { error: signal?.aborted ? aborted(signal) : error };
  } finally {
    // Also when the loop was left early.
    tx.finish();
    const ended = await lease.end(engine.command(failed ? "rollback" : "commit"));
    signal?.removeEventListener("abort", abort);
    finish();
    if (!ended.ok) failed ??= { error: translate(ended.error, tenant, timed) };
  }
  if (failed) throw failed.error;
}

interface Begun {
  readonly engine: Engine;
  readonly lease: Lease;
  readonly timed: boolean;
}

// Nothing of the caller's has run yet, so a refused begin may be repeated, elsewhere if need be.
async function beginFor(locations: Locations, tenant: string, options: Stoppable<TransactionOptions>): Promise<Begun> {
  const timeoutMs = checkTimeout(options.statementTimeoutMs) ?? locations.home.settings.statementTimeoutMs;
  const timed = timeoutMs !== undefined;
  const text = beginText(options);
  return withRetries(locations, tenant, timed, async (engine) => {
    const lease = await begin(engine, tenant, text, { timeoutMs, signal: options.signal });
    return { engine, lease, timed };
  });
}

async function begin(engine: Engine, tenant: string, text: string, { timeoutMs, signal }: Limits): Promise<Lease> {
  const lease = await leaseFor(engine, text, signal);
  try {
    const opened = engine.open(lease, tenant, timeoutMs);
    await unlessAborted(lease, Promise.all([lease.begun, opened]), signal);
    valueOf(await lease.begun);
    valueOf(await opened);
    return lease;
  } catch (error) {
    await lease.end(engine.command("rollback"));
    throw error;
  }
}

async function inside<R, S>(
  engine: Engine,
  lease: Lease,
  tx: Transaction<S>,
  fn: (tx: TenantTransaction<S>) => Promise<R>,
): Promise<R> {
  let result: R;
  try {
    result = await fn(tx);
  } catch (error) {
    tx.finish();
    await lease.end(engine.command("rollback"));
    throw error;
  }
  tx.finish();
  const committed = await lease.end(engine.command("commit"));
  if (!committed.ok) throw translate(committed.error, tx.tenant, tx.timed);
  // PostgreSQL answers COMMIT of a failed transaction with ROLLBACK and calls it success.
  if ((committed.value as { command?: string }).command !== "COMMIT") throw failure("WT_ROLLED_BACK");
  return result;
}

/** The object behind {@link TenantTransaction}. */
export class Transaction<S> implements TenantTransaction<S> {
  readonly tenant: string;
  readonly timed: boolean;
  readonly sql: ScopedSql<S>;
  readonly #engine: Engine;
  readonly #lease: Lease;
  readonly #nesting: Nesting;

  constructor(engine: Engine, lease: Lease, tenant: string, timed: boolean, nesting: Nesting = new Nesting()) {
    this.#engine = engine;
    this.#lease = lease;
    this.#nesting = nesting;
    this.tenant = tenant;
    this.timed = timed;
    this.sql = makeTag(engine.sql, {
      tenant: () => engine.settings.tenantFor(tenant, "transaction"),
      send: (query) => this.#send(query),
      pages: (query, _tenant, rows) => this.pages(query, rows),
    }) as ScopedSql<S>;
  }

  finish(): void {
    this.#nesting.finish();
  }

  #check(): void {
    if (this.#nesting.isOver()) throw failure("WT_SCOPE_ENDED");
    this.#engine.settings.tenantFor(this.tenant, "transaction");
  }

  // The only way from here to the connection.
  async #send(query: NativeQuery): Promise<unknown> {
    if (this.#nesting.isOver()) throw failure("WT_SCOPE_ENDED");
    formStatement(query, {
      named: this.#engine.named && query.options.prepare !== false,
      learned: this.#engine.learned,
    });
    const settled = await this.#lease.run(query, (end) => refuseCopy(this.#lease, end));
    if (!settled.ok) throw translate(settled.error, this.tenant, this.timed);
    const { command } = settled.value as { command?: string };
    // The statement ended our transaction by hand: what follows would run without a context, each on its own.
    if (command === "COMMIT" || command === "PREPARE TRANSACTION") this.#nesting.end();
    if (typeof (settled.value as { pipe?: unknown } | null)?.pipe === "function") throw failure("WT_COPY");
    learnFrom(query);
    return settled.value;
  }

  async query<R extends Row = Row>(text: string, values: readonly unknown[] = []): Promise<Rows<R>> {
    this.#check();
    return (await this.#send(this.#engine.statement(text, values))) as Rows<R>;
  }

  async batch(statements: readonly Statement[]): Promise<Rows[]> {
    this.#check();
    const work = statements.map(({ text, values }) => this.#send(this.#engine.statement(text, values ?? [])));
    const settled = await Promise.allSettled(work);
    for (const outcome of settled) if (outcome.status === "rejected") throw outcome.reason;
    return settled.map((outcome) => (outcome as PromiseFulfilledResult<Rows>).value);
  }

  stream<R extends Row = Row>(
    text: string,
    values: readonly unknown[] = [],
    options: StreamOptions = {},
  ): AsyncIterableIterator<R> {
    this.#check();
    const name = this.#nesting.nextName();
    return readPages<R>(name, text, values, options, (sql, bound) => this.query<R>(sql, bound));
  }

  /** Pages of a query by postgres.js's own cursor; nothing else runs on the connection until the loop has ended. */
  async *pages(query: NativeQuery, rows: number): AsyncGenerator<unknown[]> {
    this.#check();
    formStatement(query, {
      named: this.#engine.named && query.options.prepare !== false,
      learned: this.#engine.learned,
    });
    query.handler = (sent) => this.#lease.execute(sent);
    const native = Object.getPrototypeOf(query) as NativeQuery;
    try {
      for await (const page of native.cursor.call(query, rows)) yield page;
    } catch (error) {
      throw translate(error, this.tenant, this.timed);
    }
  }

  async *copyTo(text: string): AsyncGenerator<Buffer> {
    this.#check();
    // In the extended protocol, which takes one statement; postgres.js's own .readable() is the simple one.
    const query = this.#engine.statement(text, [], false);
    const settled = await this.#lease.run(query);
    if (!settled.ok) throw translate(settled.error, this.tenant, this.timed);
    const source = settled.value as Readable;
    if (typeof source?.iterator !== "function") {
      // COPY FROM: the server waits for data, and nobody will send any.
      refuseCopy(this.#lease, settled);
      throw failure("WT_COPY");
    }
    const over = new Promise<void>((resolve) => source.on("close", resolve));
    source.on("error", () => {});
    try {
      // Not destroyed when the loop is left: postgres.js would pause the socket for a stream that nobody reads.
      for await (const chunk of source.iterator({ destroyOnReturn: false })) yield chunk as Buffer;
    } catch (error) {
      throw translate(error, this.tenant, this.timed);
    } finally {
      // What is left has to be read before the connection can do anything else.
      source.resume();
      await over;
      // postgres.js pauses the socket while the stream is full, and nobody resumes it when the end came in the same chunk.
      source._read(0);
    }
  }

  async savepoint<R>(fn: (tx: TenantTransaction<S>) => Promise<R>): Promise<R> {
    this.#check();
    const nesting = new Nesting(this.#nesting);
    const inner = new Transaction<S>(this.#engine, this.#lease, this.tenant, this.timed, nesting);
    const commands = {
      run: (text: string) => this.query(text),
      takeBack: (text: string) => this.#lease.run(this.#engine.command(text)),
    };
    return this.#nesting.underSavepoint(nesting, commands, () => fn(inner));
  }
}
