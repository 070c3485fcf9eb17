/**
 * For migrations on servers where no role may have BYPASSRLS: a FORCEd owner changes data blind (E8: UPDATE 0, false foreign key errors).
 * FORCE is lifted and restored inside one transaction, so no other session ever sees the table without it (A14).
 */
import type { Queryable } from "../db/queryable.ts";
import { quoteQualified } from "../db/quote.ts";
import { descendants, readFacts } from "../protect/facts.ts";
import { findTable } from "../protect/find-table.ts";

/**
 * Runs `fn` in a transaction in which the owner (and the migrator, who inherits it) sees all rows of the given tables and their
 * partitions. Other roles see nothing of it: the tables are locked until the transaction ends.
 * @example await withForceLifted(client, ["projects"], (db) => db.query("update projects set slug = lower(name)"));
 */
export async function withForceLifted<T>(
  db: Queryable,
  tables: readonly string[],
  fn: (db: Queryable) => Promise<T>,
): Promise<T> {
  const reader = { rows: async (text: string, params?: unknown[]) => (await db.query(text, params)).rows };
  const oids = new Set<number>();
  for (const table of tables)
    for (const oid of await descendants(reader, (await findTable(db, table)).oid)) oids.add(oid);
  await db.query("begin");
  try {
    // one order for everybody, so that two migrations cannot wait for each other
    const forced = (
      await readFacts(
        reader,
        [...oids].sort((a, b) => a - b),
      )
    ).filter((facts) => facts.force);
    for (const facts of forced)
      await db.query(`alter table ${quoteQualified(facts.schema, facts.name)} no force row level security`);
    const result = await fn(db);
    for (const facts of forced)
      await db.query(`alter table ${quoteQualified(facts.schema, facts.name)} force row level security`);
    await db.query("commit");
    return result;
  } catch (error) {
    await db.query("rollback");
    throw error;
  }
}
