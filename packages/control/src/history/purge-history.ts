/**
 * Removes what is over: events that were delivered (or given up), finished operations with their steps and events. In batches, so that no
 * transaction is long. Must never touch the audit log; the catalog's own function decides what may go.
 */
import { type Actor, appendAudit } from "../audit-log/append-audit.ts";
import { type CatalogPool, inTransaction } from "../db/transaction.ts";

/** Ninety days. */
const usualKeepMs = 90 * 24 * 3600_000;

/** What went. */
export interface PurgedHistory {
  /** Lifecycle events with their deliveries. */
  readonly events: number;
  readonly operations: number;
}

/** How it is done. */
export interface PurgeOptions {
  /** What is younger stays, in milliseconds; a day at least, default 90 days. */
  readonly keepMs?: number;
  /** Rows of one transaction; default 1,000. */
  readonly batch?: number;
  readonly signal?: AbortSignal;
}

/**
 * Removes all that is old enough. Several processes at once share the work: each batch passes over rows that another one has locked.
 * @example await purgeHistory(pool, { name: "cron" }, { keepMs: 30 * 24 * 3600_000 });
 */
export async function purgeHistory(
  pool: CatalogPool,
  actor: Actor,
  { keepMs = usualKeepMs, batch = 1000, signal }: PurgeOptions = {},
): Promise<PurgedHistory> {
  const all = { events: 0, operations: 0 };
  for (;;) {
    signal?.throwIfAborted();
    const gone = await inTransaction(pool, async (tx): Promise<PurgedHistory> => {
      const { rows } = await tx.query("select watertight_catalog.purge_history($1 * interval '1 ms', $2) as gone", [
        keepMs,
        batch,
      ]);
      const { events, operations } = rows[0]!["gone"] as PurgedHistory;
      if (events + operations > 0)
        await appendAudit(tx, actor, "history.purged", "history", { events, operations, keepMs });
      return { events, operations };
    });
    all.events += gone.events;
    all.operations += gone.operations;
    if (gone.events < batch && gone.operations < batch) return all;
  }
}
