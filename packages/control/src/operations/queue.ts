/**
 * Delivery of operations to workers, by pg-boss in a schema of its own. The operation's row is the truth and a job is only a call to look at
 * it: a job that is lost, late or doubled does no harm. Must never decide by a job what happens to an operation.
 */
import PgBoss from "pg-boss";
import { quoteName, type Queryable } from "@watertight/schema";
import type { CatalogRoles } from "../catalog/catalog-roles.ts";
import { type CatalogPool, withConnection } from "../db/transaction.ts";

const queue = "operations";
const schema = "watertight_jobs";

/** Deliveries as a worker uses them. */
export interface OperationQueue {
  /**
   * Puts calls for operations in; one that waits already is not doubled. Operations that somebody has begun come first, also where a call from
   * before that time still waits at the end of the queue.
   */
  put(operations: readonly { readonly id: string; readonly begun: boolean }[]): Promise<void>;
  /** Takes up to `most` calls out. */
  take(most: number): Promise<readonly { readonly job: string; readonly operation: string }[]>;
  done(job: string): Promise<void>;
  stop(): Promise<void>;
}

/** Installs the queue, as the one who installs the catalog, and gives the control role what workers need of it. A second call changes nothing. */
export async function installQueue(db: Queryable, roles: CatalogRoles): Promise<void> {
  const boss = new PgBoss({
    db: { executeSql: (text, values) => db.query(text, values as unknown[]) },
    schema,
    supervise: false,
    schedule: false,
  });
  await boss.start();
  // "short": one waiting job a key; what is being worked on does not count
  if ((await boss.getQueue(queue)) === null)
    await boss.createQueue(queue, { name: queue, policy: "short", retryLimit: 0 });
  await boss.stop({ graceful: false, wait: false });
  const control = quoteName(roles.control);
  await db.query(
    `grant usage on schema ${schema} to ${control};
     grant select, insert, update, delete on all tables in schema ${schema} to ${control};
     grant execute on all functions in schema ${schema} to ${control}`,
  );
}

/**
 * Whether this transaction is the one that puts calls in: one at a time. By a row that only the control role may lock: an advisory lock could be
 * held by every role that may connect, and then no operation would ever be called for.
 */
export async function mayPut(tx: Queryable): Promise<boolean> {
  const { rows } = await tx.query(`select 1 from ${schema}.queue where name = $1 for no key update skip locked`, [
    queue,
  ]);
  return rows.length > 0;
}

const keyOf = (id: string, begun: boolean): string => (begun ? `${id} begun` : id);

/** Condition in SQL, over an id and whether somebody has begun it: a call for it waits already. As {@link OperationQueue.put} names calls. */
export function isCalled(id: string, begun: string): string {
  // the columns of the queue's own unique index
  return `exists (select from ${schema}.job j where j.name = '${queue}' and j.policy = 'short' and j.state = 'created'
            and coalesce(j.singleton_key, '') = ${id} || case when ${begun} then ' begun' else '' end)`;
}

/** Opens the queue for a worker, over its connections of the catalog. `failed` hears what pg-boss cannot tell a caller. */
export async function openQueue(catalog: CatalogPool, failed: (error: Error) => void): Promise<OperationQueue> {
  const boss = new PgBoss({
    // its own pool would end the process when a connection breaks at the wrong moment
    db: { executeSql: (text, values) => withConnection(catalog, (db) => db.query(text, values as unknown[])) },
    schema,
    migrate: false,
    schedule: false,
  });
  boss.on("error", failed);
  await boss.start();
  return {
    async put(operations) {
      await boss.insert(
        operations.map(({ id, begun }) => ({
          name: queue,
          data: { operation: id },
          singletonKey: keyOf(id, begun),
          priority: begun ? 1 : 0,
          expireInSeconds: 3600,
        })),
      );
    },
    async take(most) {
      const jobs = await boss.fetch<{ operation: string }>(queue, { batchSize: most });
      return jobs.map(({ id, data }) => ({ job: id, operation: data.operation }));
    },
    done: (job) => boss.complete(queue, job),
    stop: () => boss.stop({ graceful: false, wait: true, close: true }),
  };
}
