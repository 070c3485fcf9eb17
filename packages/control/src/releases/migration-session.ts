/**
 * Says in the catalog who works on cells with the provisioner's role for migrations, for as long as they do: sessions of that role that nothing explains
 * raise an alarm. Must never outlive its process by more than half a minute.
 */
import { type Actor, appendAudit } from "../audit-log/append-audit.ts";
import { newId } from "../catalog/ids.ts";
import { type CatalogPool, inTransaction, withConnection } from "../db/transaction.ts";

const lifeMs = 30_000;

/** Name of the sessions of one on the cells. */
const sessionName = (id: string): string => `watertight migrations ${id}`;

/** Runs `work` under a session of its own; `work` gets the name for its connections. */
export async function asMigrationSession<T>(
  pool: CatalogPool,
  actor: Actor,
  purpose: "plan" | "apply" | "drift",
  service: string,
  work: (application: string) => Promise<T>,
): Promise<T> {
  const id = newId("mig");
  await inTransaction(pool, async (tx) => {
    await tx.query(
      `insert into watertight_catalog.migration_session (id, actor, purpose, alive_until) values ($1, $2, $3, clock_timestamp() + $4 * interval '1 ms')`,
      [id, actor.name, purpose, lifeMs],
    );
    await appendAudit(tx, actor, `migrations.${purpose}`, `service:${service}`, { session: id });
  });
  const say = (set: string): Promise<unknown> =>
    withConnection(pool, (db) =>
      db.query(`update watertight_catalog.migration_session set ${set} where id = $1`, [id]),
    );
  const beat = setInterval(
    // one that is missed is made up for by the next; without the catalog the run stops by itself
    () => void say(`alive_until = clock_timestamp() + interval '${lifeMs} ms'`).catch(() => {}),
    lifeMs / 3,
  );
  beat.unref();
  try {
    return await work(sessionName(id));
  } finally {
    clearInterval(beat);
    await say("ended_at = clock_timestamp()").catch(() => {});
  }
}
