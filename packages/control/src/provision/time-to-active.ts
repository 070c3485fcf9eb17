/** How long tenants wait for their first request, from the operations' own rows. Must never count those that failed: they are told beside it. */
import { type CatalogPool, withConnection } from "../db/transaction.ts";

/** Time from the request to the active tenant. */
export interface TimeToActive {
  /** Tenants that turned active in the window. */
  readonly count: number;
  readonly failed: number;
  /** Milliseconds; null where there is none. */
  readonly medianMs: number | null;
  readonly p95Ms: number | null;
  /** Whether the 95th percentile is above the threshold. */
  readonly alarm: boolean;
}

/**
 * Reports creations that ended in the last `windowMs`, by default one hour.
 * @param thresholdMs when to raise the alarm; default 30,000
 * @example const { p95Ms, alarm } = await timeToActive(pool, { model: "database" });
 */
export async function timeToActive(
  pool: CatalogPool,
  options: { readonly model?: string; readonly windowMs?: number; readonly thresholdMs?: number } = {},
): Promise<TimeToActive> {
  const { model, windowMs = 3600_000, thresholdMs = 30_000 } = options;
  return withConnection(pool, async (db) => {
    const { rows } = await db.query(
      `select count(*) filter (where state = 'succeeded')::int as count, count(*) filter (where state = 'failed')::int as failed,
              percentile_cont(0.5) within group (order by ms) filter (where state = 'succeeded') as median,
              percentile_cont(0.95) within group (order by ms) filter (where state = 'succeeded') as p95
         from (select state, extract(epoch from finished_at - created_at)::float8 * 1000 as ms from watertight_catalog.operation
                where kind = 'tenant.create' and finished_at > clock_timestamp() - $2 * interval '1 ms' and ($1::text is null or input ->> 'model' = $1)) o`,
      [model ?? null, windowMs],
    );
    const { count, failed, median, p95 } = rows[0] as {
      count: number;
      failed: number;
      median: number | null;
      p95: number | null;
    };
    return { count, failed, medianMs: median, p95Ms: p95, alarm: p95 !== null && p95 > thresholdMs };
  });
}
