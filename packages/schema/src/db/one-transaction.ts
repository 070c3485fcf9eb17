/**
 * Several runs of the kit as one: each thinks that it has a transaction of its own, and all of them stand or fall together. What a run sets
 * for its transaction (search path, timeouts) stays until the end, so names must be resolved before.
 */
import type { Queryable } from "./queryable.ts";

const savepoint = "watertight_run";

/** Runs `fn` in one transaction; on the connection that it is given, transactions are savepoints. */
export async function inOneTransaction<T>(db: Queryable, fn: (inner: Queryable) => Promise<T>): Promise<T> {
  const inner: Queryable = {
    query: (text, params) => {
      if (text.startsWith("begin")) return db.query(`savepoint ${savepoint}`);
      if (text === "commit") return db.query(`release savepoint ${savepoint}`);
      if (text === "rollback") return db.query(`rollback to savepoint ${savepoint}; release savepoint ${savepoint}`);
      return db.query(text, params);
    },
  };
  await db.query("begin isolation level read committed read write");
  try {
    const result = await fn(inner);
    await db.query("commit");
    return result;
  } catch (error) {
    await db.query("rollback");
    throw error;
  }
}
