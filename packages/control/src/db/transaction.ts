/**
 * Connections of the catalog, and one transaction on one of them. Must never leave a transaction open, and never hide that a COMMIT's outcome
 * is unknown: the caller's error is the one that is thrown.
 */
import type { Queryable } from "@watertight/schema";
import { controlError } from "../errors/control-error.ts";

/** What this package asks of a pool of connections, for example a `pg.Pool`. */
export interface CatalogPool {
  connect(): Promise<PooledClient>;
}

/** A borrowed connection. */
export interface PooledClient extends Queryable {
  release(destroy?: boolean): void;
  on?(event: "error", listener: (error: Error) => void): unknown;
  removeListener?(event: "error", listener: (error: Error) => void): unknown;
}

// A connection that ends between two statements says so as an event; unheard it would end the process. The next statement fails by itself.
const heard = (): void => {};

async function borrow(pool: CatalogPool): Promise<{ client: PooledClient; giveBack: (broken: boolean) => void }> {
  const client = await pool.connect();
  client.on?.("error", heard);
  return {
    client,
    giveBack(broken) {
      client.removeListener?.("error", heard);
      client.release(broken);
    },
  };
}

// A process that is stopped in the middle of a transaction may hold the audit log's head, for which everybody waits: the server ends it. Nobody
// waits longer for a lock than a bulk registration takes.
const begin =
  "begin isolation level read committed read write; set local idle_in_transaction_session_timeout = '15s'; set local lock_timeout = '30s'";

/** Runs `fn` on one connection in one transaction. */
export async function inTransaction<T>(pool: CatalogPool, fn: (tx: Queryable) => Promise<T>): Promise<T> {
  const { client, giveBack } = await borrow(pool);
  let broken = false;
  try {
    await client.query(begin);
    const result = await fn(client);
    // where `fn` has swallowed an error of the server, COMMIT says ROLLBACK, and says it as a success
    const { command } = (await client.query("commit")) as { readonly command?: string };
    if (command === "ROLLBACK")
      throw controlError("WT_CATALOG_STATE", { detail: "the transaction had failed before its end" });
    return result;
  } catch (error) {
    await client.query("rollback").catch(() => {
      broken = true;
    });
    throw error;
  } finally {
    giveBack(broken);
  }
}

/** Runs `fn` on one connection without a transaction. */
export async function withConnection<T>(pool: CatalogPool, fn: (db: Queryable) => Promise<T>): Promise<T> {
  const { client, giveBack } = await borrow(pool);
  let broken = true;
  try {
    const result = await fn(client);
    broken = false;
    return result;
  } finally {
    giveBack(broken);
  }
}
