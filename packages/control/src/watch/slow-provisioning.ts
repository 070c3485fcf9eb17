/**
 * Tells when tenants wait too long for their first request: the event `provisioning.slow` and an audit record, at most once an hour for each model.
 * Must never tell the same hour twice, however many processes look.
 */
import { type Actor, appendAudit } from "../audit-log/append-audit.ts";
import { writeEvent } from "../catalog/outbox.ts";
import type { Model } from "../catalog/tenants.ts";
import { type CatalogPool, inTransaction } from "../db/transaction.ts";
import { type TimeToActive, timeToActive } from "../provision/time-to-active.ts";

/** An alarm about one model. */
export interface SlowProvisioning extends TimeToActive {
  readonly model: Model;
  readonly thresholdMs: number;
}

const models: readonly Model[] = ["pool", "schema", "database", "silo"];

/**
 * Looks once at the last hour.
 * @param thresholdMs of the 95th percentile; default 30,000
 * @returns what was told now
 */
export async function slowProvisioning(
  pool: CatalogPool,
  actor: Actor,
  thresholdMs: number = 30_000,
): Promise<SlowProvisioning[]> {
  const told: SlowProvisioning[] = [];
  for (const model of models) {
    const found = await timeToActive(pool, { model, thresholdMs });
    if (!found.alarm) continue;
    const alarm = { ...found, model, thresholdMs };
    const isNew = await inTransaction(pool, async (tx) => {
      // one looks at a time: two would not see each other's event
      await tx.query("select 1 from watertight_catalog.cell order by id limit 1 for no key update");
      const { rows } = await tx.query(
        `select 1 from watertight_catalog.outbox where type = 'provisioning.slow' and written_at > clock_timestamp() - interval '1 hour' and data ->> 'model' = $1`,
        [model],
      );
      if (rows.length > 0) return false;
      const data = { model, p95Ms: Math.round(found.p95Ms ?? 0), count: found.count, thresholdMs };
      await writeEvent(tx, "provisioning.slow", undefined, data);
      await appendAudit(tx, actor, "provisioning.slow", `model:${model}`, data);
      return true;
    });
    if (isNew) told.push(alarm);
  }
  return told;
}
