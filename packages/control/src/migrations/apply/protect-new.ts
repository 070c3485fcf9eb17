/**
 * New tables of a pool or silo go under the kit in the transaction that makes them: nobody ever sees them without row security. A table without a
 * tenant column is left alone and named: it may be global, and `check` has judged it before. Must never widen what a table lets through.
 */
import { KitError, protectTable, quoteName, quoteQualified } from "@watertight/schema";
import type { StepStatement } from "../release/steps.ts";
import type { TargetConnection } from "./connection.ts";
import { withinTransaction } from "./within-transaction.ts";

/** Protects what these statements made; answers the tables that have no tenant column. Inside the migration's transaction. */
export async function protectNew(
  connection: TargetConnection,
  statements: readonly StepStatement[],
  lockTimeoutMs: number,
): Promise<string[]> {
  const tables = statements.flatMap(({ table }) => (table === null ? [] : [table]));
  // all names first: what protects a table leaves another search path behind, in which the next name means nothing
  const found: { readonly table: string; readonly said: string }[] = [];
  for (const { schema, name } of tables) {
    const { rows } = await connection.query(
      `select pg_catalog.format('%I.%I', n.nspname, c.relname) as table
         from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where c.oid = pg_catalog.to_regclass($1) and c.relkind in ('r', 'p')
          and not exists (select from watertight.protected p where p.relation = c.oid)`,
      [schema === "" ? quoteName(name) : quoteQualified(schema, name)],
    );
    const [row] = rows as { table: string }[];
    if (row !== undefined) found.push({ table: row.table, said: schema === "" ? name : `${schema}.${name}` });
  }
  const left: string[] = [];
  for (const { table, said } of found) {
    try {
      await protectTable(withinTransaction(connection), { table, lockTimeoutMs });
    } catch (error) {
      if (!(error instanceof KitError) || error.code !== "WT_KIT_TENANT_COLUMN") throw error;
      left.push(said);
    }
  }
  return left;
}
