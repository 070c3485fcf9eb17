/**
 * Transactions of one tenant. BEGIN, role and context go out together; the session belongs to the transaction until
 * its function has returned. A transaction object is dead afterwards.
 */
import { failure } from "../../errors/errors.ts";
import { type BeginOptions, beginText } from "../../scope/begin-text.ts";
import { Nesting } from "../../scope/nesting.ts";
import { readPages, type StreamOptions } from "../../scope/cursor-pages.ts";
import type { Result, Row } from "./answers.ts";
import { type CallOptions, refuseAborted, refuseCopy } from "./call.ts";
import type { Statement } from "./pipeline.ts";
import { type Session, translate } from "./session.ts";
import { statementOf } from "./template.ts";

/** How a transaction begins. */
export interface TransactionOptions extends BeginOptions {
  /** Takes the call back while it waits for its turn. */
  readonly signal?: AbortSignal | undefined;
}

/** A running transaction. Every member throws ContextError WT_SCOPE_ENDED after its end. */
export interface PgliteTransaction {
  /** The tenant; undefined in unscoped work. */
  readonly tenant: string | undefined;
  /** One statement as a tagged template: values become parameters. */
  sql<R = Row>(template: TemplateStringsArray, ...values: unknown[]): Promise<Result<R>>;
  /** One statement. */
  query<R = Row>(text: string, values?: readonly unknown[], options?: CallOptions): Promise<Result<R>>;
  /** Several statements in one call. */
  batch(statements: readonly Statement[], options?: CallOptions): Promise<Result[]>;
  /** Rows of a SELECT in pages; other statements may run in between. */
  stream<R = Row>(text: string, values?: readonly unknown[], options?: StreamOptions): AsyncIterableIterator<R>;
  /** Runs `fn` under a savepoint, which is rolled back when `fn` throws. */
  savepoint<T>(fn: (tx: PgliteTransaction) => Promise<T>): Promise<T>;
}

/** The object behind {@link PgliteTransaction}. */
class Transaction implements PgliteTransaction {
  readonly tenant: string | undefined;
  readonly #session: Session;
  readonly #nesting: Nesting;

  constructor(session: Session, tenant: string | undefined, nesting: Nesting = new Nesting()) {
    this.#session = session;
    this.tenant = tenant;
    this.#nesting = nesting;
  }

  finish(): void {
    this.#nesting.finish();
  }

  #check(): void {
    if (this.#nesting.isOver()) throw failure("WT_SCOPE_ENDED");
    if (this.tenant !== undefined) this.#session.settings.tenantFor(this.tenant, "transaction");
  }

  sql<R = Row>(template: TemplateStringsArray, ...values: unknown[]): Promise<Result<R>> {
    const { text, values: bound } = statementOf(template, values);
    return this.query<R>(text, bound);
  }

  async query<R = Row>(text: string, values?: readonly unknown[], options?: CallOptions): Promise<Result<R>> {
    const [result] = await this.batch([{ text, values, paramTypes: options?.paramTypes }], options);
    return result as Result<R>;
  }

  async batch(statements: readonly Statement[], options?: CallOptions): Promise<Result[]> {
    this.#check();
    if (statements.length === 0) return [];
    statements.forEach(refuseCopy);
    const { results, error, status } = await this.#session.send([], statements, { ...options, sync: false });
    // A statement ended the transaction by hand: what follows would run without a context, each on its own.
    if (status === "I") this.#nesting.end();
    if (error !== undefined) throw translate(error, this.tenant);
    return results;
  }

  stream<R = Row>(
    text: string,
    values: readonly unknown[] = [],
    options: StreamOptions = {},
  ): AsyncIterableIterator<R> {
    this.#check();
    return readPages<R>(
      this.#nesting.nextName(),
      text,
      values,
      options,
      async (sql, bound) => (await this.query<R>(sql, bound)).rows,
    );
  }

  async savepoint<T>(fn: (tx: PgliteTransaction) => Promise<T>): Promise<T> {
    this.#check();
    const nesting = new Nesting(this.#nesting);
    const inner = new Transaction(this.#session, this.tenant, nesting);
    const commands = {
      run: (text: string) => this.query(text),
      takeBack: (text: string) => this.#session.send([], [{ text }], { sync: false }),
    };
    return this.#nesting.underSavepoint(nesting, commands, () => fn(inner));
  }
}

/** Runs `fn` in a transaction; `before` opens it for somebody. */
export async function runTransaction<T>(
  session: Session,
  tenant: string | undefined,
  before: () => readonly Statement[],
  fn: (tx: PgliteTransaction) => Promise<T>,
  options: TransactionOptions = {},
): Promise<T> {
  const text = beginText(options);
  await session.ready();
  return session.exclusively(async () => {
    refuseAborted(options.signal);
    const tx = new Transaction(session, tenant);
    try {
      const begun = await session.send([{ text }, ...before()], [], { sync: false });
      if (begun.error !== undefined) throw translate(begun.error, tenant);
      const result = await fn(tx);
      tx.finish();
      const { results, error } = await session.send([], [{ text: "commit" }]);
      if (error !== undefined) throw translate(error, tenant);
      // PostgreSQL answers COMMIT of a failed transaction with ROLLBACK and calls it success.
      if (results[0]?.command !== "COMMIT") throw failure("WT_ROLLED_BACK");
      session.settle(true);
      return result;
    } catch (error) {
      tx.finish();
      // Harmless when there is nothing to roll back.
      await session.send([], [{ text: "rollback" }]);
      throw error;
    }
  });
}

/** The same for rows that are handed out one by one: the transaction lasts as long as the loop over them. */
export async function* generateInTransaction<R>(
  session: Session,
  tenant: string,
  produce: (tx: PgliteTransaction) => AsyncIterable<R>,
  options: TransactionOptions,
): AsyncGenerator<R> {
  // The session's lock is a callback's; a generator has to be turned inside out to live in one.
  let wake: () => void = () => {};
  let offered: { readonly row: R } | undefined;
  let answer: (more: boolean) => void = () => {};
  let over = false;
  let stopped = false;
  const work = runTransaction(
    session,
    tenant,
    () => session.prefix(tenant),
    async (tx) => {
      for await (const row of produce(tx)) {
        const more = await new Promise<boolean>((taken) => {
          answer = taken;
          offered = { row };
          if (stopped) taken(false);
          wake();
        });
        if (!more) return;
      }
    },
    options,
  ).finally(() => {
    over = true;
    wake();
  });
  // Awaited below; without this a failure before that would count as unhandled.
  work.catch(() => undefined);
  try {
    for (;;) {
      if (offered === undefined && !over) await new Promise<void>((resolve) => (wake = resolve));
      if (offered === undefined) break;
      const { row } = offered;
      offered = undefined;
      yield row;
      answer(true);
    }
    await work;
  } finally {
    stopped = true;
    answer(false);
    await work.catch(() => undefined);
  }
}
