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
  /** Where the client tells of a connection that broke between two queries; unheard, that ends a Node process. */
  on?(event: "error", listener: (error: Error) => void): unknown;
  off?(event: "error", listener: (error: Error) => void): unknown;
}

const heard = new WeakSet<PooledClient>();

// A connection may break twice, the second time after it was given back and thrown away: nobody listens then but this.
function listenForEver(client: PooledClient): void {
  if (heard.has(client)) return;
  heard.add(client);
  client.on?.("error", () => {});
}

async function borrowed<T>(
  pool: CatalogPool,
  fn: (client: Queryable) => Promise<T>,
  settle: (client: Queryable) => Promise<unknown>,
): Promise<T> {
  const client = await pool.connect();
  let broken = false;
  const breaks = (): void => {
    broken = true;
  };
  listenForEver(client);
  client.on?.("error", breaks);
  try {
    return await fn(client);
  } catch (error) {
    await settle(client).catch(breaks);
    throw error;
  } finally {
    client.off?.("error", breaks);
    client.release(broken);
  }
}

// A process that is stopped in the middle of a transaction may hold the audit log's head, for which everybody waits: the server ends it. Nobody
// waits longer for a lock than a bulk registration takes.
const begin =
  "begin isolation level read committed read write; set local idle_in_transaction_session_timeout = '15s'; set local lock_timeout = '30s'";

/** Runs `fn` on one connection in one transaction. */
export async function inTransaction<T>(pool: CatalogPool, fn: (tx: Queryable) => Promise<T>): Promise<T> {
  return borrowed(
    pool,
    async (client) => {
      await client.query(begin);
      const result = await fn(client);
      // where `fn` has swallowed an error of the server, COMMIT says ROLLBACK, and says it as a success
      const { command } = (await client.query("commit")) as { readonly command?: string };
      if (command === "ROLLBACK")
        throw controlError("WT_CATALOG_STATE", { detail: "the transaction had failed before its end" });
      return result;
    },
    (client) => client.query("rollback"),
  );
}

/** Runs `fn` on one connection without a transaction. */
export async function withConnection<T>(pool: CatalogPool, fn: (db: Queryable) => Promise<T>): Promise<T> {
  // after an error nobody knows what state it is in
  return borrowed(pool, fn, () => Promise.reject(new Error("not used again")));
}
