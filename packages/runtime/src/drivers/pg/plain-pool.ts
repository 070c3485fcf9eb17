/** Connections that no tenant binds, for unscoped work and reports. Gives back only what the next borrower may inherit. */
import type { PgClient, PgPool } from "./shapes.ts";

export async function borrowPlain<T>(pool: PgPool, fn: (client: PgClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    return await fn(client);
  } finally {
    client.release?.(!client.readyForQuery || client.getTransactionStatus() !== "I");
  }
}
