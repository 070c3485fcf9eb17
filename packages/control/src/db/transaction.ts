/**
 * Connections of the catalog, and one transaction on one of them. Must never leave a transaction open, and never hide that a COMMIT's outcome
 * is unknown: the caller's error is the one that is thrown.
 */
import type { Queryable } from "@watertight/schema";

/** What this package asks of a pool of connections, for example a `pg.Pool`. */
export interface CatalogPool {
  connect(): Promise<PooledClient>;
}

/** A borrowed connection. */
export interface PooledClient extends Queryable {
  release(destroy?: boolean): void;
}

/** Runs `fn` on one connection in one transaction. */
export async function inTransaction<T>(pool: CatalogPool, fn: (tx: Queryable) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken = false;
  try {
    await client.query("begin isolation level read committed read write");
    const result = await fn(client);
    await client.query("commit");
    return result;
  } catch (error) {
    await client.query("rollback").catch(() => {
      broken = true;
    });
    throw error;
  } finally {
    client.release(broken);
  }
}

/** Runs `fn` on one connection without a transaction. */
export async function withConnection<T>(pool: CatalogPool, fn: (db: Queryable) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken = true;
  try {
    const result = await fn(client);
    broken = false;
    return result;
  } finally {
    client.release(broken);
  }
}
