/**
 * Asks for the end of logins that read across tenants and whose time is over: their own database refuses them already, this takes them away. Asks
 * only; the operation is a worker's, like any other.
 */
import type { Actor } from "../audit-log/append-audit.ts";
import { type CatalogPool, withConnection } from "../db/transaction.ts";
import { requestOperation } from "../operations/operation-rows.ts";
import { endReportingRequest } from "./reporting-kinds.ts";

/** @returns ids of the operations that were asked for */
export async function endExpiredReporting(pool: CatalogPool, actor: Actor): Promise<string[]> {
  const { rows } = await withConnection(pool, (db) =>
    db.query(
      // one that failed waits for a person, and is not asked for again and again
      `select r.location from watertight_catalog.reporting r where r.state = 'on' and r.until <= clock_timestamp()
         and not exists (select from watertight_catalog.operation o where o.subject = 'reporting:' || r.location and (o.state not in ('succeeded', 'failed', 'cancelled') or o.unfinished))
        order by r.location`,
    ),
  );
  const asked: string[] = [];
  for (const row of rows)
    try {
      const { id } = await requestOperation(
        pool,
        actor,
        { ...endReportingRequest, steps: () => [] },
        {
          location: row["location"],
        },
      );
      asked.push(id);
    } catch (error) {
      // another process was quicker
      if ((error as { code?: string }).code !== "WT_OPERATION_BUSY") throw error;
    }
  return asked;
}
