/** Runs of migrations as the catalog remembers them: which release, how far, what stands in the way. Reads only. */
import { type CatalogPool, withConnection } from "../db/transaction.ts";
import type { RunState, RunTarget } from "../migrations/waves/wave-store.ts";

/** One run. */
export interface ListedRun {
  readonly id: string;
  readonly service: string;
  readonly release: string;
  readonly state: RunState;
  /** Why it paused. */
  readonly reason: string | null;
  readonly counts: Readonly<Record<RunTarget["state"], number>>;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** Runs of a service, the newest first, at most 50. */
export async function listRuns(pool: CatalogPool, service: string = "main"): Promise<ListedRun[]> {
  return withConnection(pool, async (db) => {
    const { rows } = await db.query(
      `select r.id, r.service, r.release, r.state, r.reason, r.created_at as "createdAt", r.updated_at as "updatedAt",
              pg_catalog.jsonb_build_object(
                'pending', count(*) filter (where t.state = 'pending'), 'done', count(*) filter (where t.state = 'done'),
                'failed', count(*) filter (where t.state = 'failed'), 'busy', count(*) filter (where t.state = 'busy'),
                'skipped', count(*) filter (where t.state = 'skipped')) as counts
         from watertight_catalog.migration_run r left join watertight_catalog.migration_target t on t.run = r.id
        where r.service = $1 group by r.id order by r.created_at desc limit 50`,
      [service],
    );
    return rows as unknown as ListedRun[];
  });
}
