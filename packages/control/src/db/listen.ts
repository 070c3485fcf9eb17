/**
 * Hears a channel of the catalog for as long as it is wanted, over connections that break. Only makes things faster: whoever listens looks by
 * itself from time to time as well.
 */
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";

/** Calls `heard` at each notification, and after each new connection, because what came in between is not known. */
export async function hear(
  url: string,
  channel: "watertight_outbox" | "watertight_due",
  heard: () => void,
  signal: AbortSignal,
  failed: (error: Error) => void,
): Promise<void> {
  while (!signal.aborted) {
    const client = new pg.Client({
      connectionString: url,
      application_name: `watertight hears ${channel}`,
      keepAlive: true,
      connectionTimeoutMillis: 5000,
      query_timeout: 5000,
    });
    const ended = new Promise<void>((resolve) => {
      client.on("end", resolve);
      client.on("error", (error) => {
        failed(error);
        resolve();
      });
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
    try {
      client.on("notification", heard);
      await client.connect();
      await client.query(`listen ${channel}`);
      heard();
      await ended;
    } catch (error) {
      failed(error as Error);
    } finally {
      // its socket may be half open: not waited for
      void client.end().catch(() => {});
    }
    if (!signal.aborted) await sleep(1000, undefined, { signal }).catch(() => {});
  }
}
