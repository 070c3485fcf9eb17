/** The transactional outbox: an event is written in the transaction that it tells of, and delivered later (webhooks/). */
import type { Queryable } from "@watertight/schema";

/** Writes an event for everybody who asked for its type. */
export async function writeEvent(
  tx: Queryable,
  type: string,
  tenant: string | undefined,
  data: Readonly<Record<string, unknown>>,
): Promise<void> {
  await tx.query(
    `with written as (
       insert into watertight_catalog.outbox (type, tenant, data) values ($1, $2, $3) returning id
     )
     insert into watertight_catalog.delivery (event, webhook)
     select written.id, w.id from written, watertight_catalog.webhook w
      where w.active and (w.events = '{}' or $1 = any (w.events))`,
    [type, tenant ?? null, JSON.stringify(data)],
  );
}
