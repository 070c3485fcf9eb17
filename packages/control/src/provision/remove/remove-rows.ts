/**
 * Deletes a tenant's rows from shared tables, in the tenant's own context and under row security: a mistake here can reach this tenant's rows
 * and nobody else's. In batches, so that no transaction is long. Children go before parents: a table that is still referred to is tried again.
 */
import { quoteName, type Queryable } from "@watertight/schema";
import { controlError } from "../../errors/control-error.ts";
import { kitOwner } from "../schema-version.ts";

/** Rows of one transaction at most. */
const batch = 10_000;

/** Deletes them. @returns rows deleted by table */
export async function removeRows(
  session: Queryable,
  tenant: string,
  told: (table: string, rows: number) => Promise<void> = async () => {},
): Promise<Readonly<Record<string, number>>> {
  const owner = await kitOwner(session);
  const { rows } = await session.query(
    `select pg_catalog.format('%I.%I', n.nspname, c.relname) as name from watertight.protected p
       join pg_catalog.pg_class c on c.oid = p.relation join pg_catalog.pg_namespace n on n.oid = c.relnamespace where not c.relispartition order by 1`,
  );
  const counts: Record<string, number> = {};
  let left = rows.map((row) => row["name"] as string);
  while (left.length > 0) {
    const again: string[] = [];
    for (const table of left) {
      const gone = await emptyTable(session, owner, tenant, table);
      counts[table] = (counts[table] ?? 0) + gone.rows;
      if (gone.rows > 0) await told(table, gone.rows);
      if (!gone.all) again.push(table);
    }
    if (again.length === left.length)
      throw controlError("WT_OPERATION_UNVERIFIED", {
        detail: `rows of ${again.join(", ")} are referred to by each other`,
        next: "Make one of the foreign keys between them deferrable, then: watertight operations resume.",
      });
    left = again;
  }
  return counts;
}

async function emptyTable(
  session: Queryable,
  owner: string,
  tenant: string,
  table: string,
): Promise<{ rows: number; all: boolean }> {
  let deleted = 0;
  for (;;) {
    await session.query("begin");
    try {
      await session.query("select pg_catalog.set_config('watertight.ctx', watertight.seal_of($1), true)", [tenant]);
      await session.query(`set local role ${quoteName(owner)}`);
      const { rows } = await session.query(
        `with gone as (delete from ${table} where ctid = any (array(select ctid from ${table} limit ${batch})) returning 1) select count(*)::int as n from gone`,
      );
      await session.query("commit");
      const n = rows[0]!["n"] as number;
      deleted += n;
      if (n === 0) return { rows: deleted, all: true };
    } catch (error) {
      await session.query("rollback");
      if ((error as { code?: string }).code === "23503") return { rows: deleted, all: false };
      throw error;
    }
  }
}
