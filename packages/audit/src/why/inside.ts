/**
 * The transaction in which rows are explained: read-only, with a limit, and always rolled back. Functions that policies call run in it.
 */
import type { Queryable } from "@watertight/schema";

/** Runs `work` in it. */
export async function inReadOnly<T>(db: Queryable, statementMs: number, work: () => Promise<T>): Promise<T> {
  await db.query("begin isolation level repeatable read read only");
  try {
    await db.query(
      `set local statement_timeout = ${Math.max(1, Math.round(statementMs))}; set local datestyle = 'ISO'; set local extra_float_digits = 1; set local client_min_messages = error`,
    );
    return await work();
  } finally {
    await db.query("rollback").catch(() => {});
  }
}

/** Runs `work` behind a savepoint; what it did is undone when it is refused, and the error is the answer. */
export async function attempt<T>(db: Queryable, work: () => Promise<T>): Promise<T | Error> {
  await db.query("savepoint watertight_try");
  try {
    const result = await work();
    await db.query("release savepoint watertight_try");
    return result;
  } catch (error) {
    await db.query("rollback to savepoint watertight_try");
    return error as Error;
  }
}
