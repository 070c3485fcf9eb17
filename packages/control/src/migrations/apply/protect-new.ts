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
  const left: string[] = [];
  for (const { schema, name } of tables) {
    const table = schema === "" ? quoteName(name) : quoteQualified(schema, name);
    const { rows } = await connection.query(
      `select c.oid from pg_catalog.pg_class c where c.oid = pg_catalog.to_regclass($1) and c.relkind in ('r', 'p')
          and not exists (select from watertight.protected p where p.relation = c.oid)`,
      [table],
    );
    if (rows.length === 0) continue;
    try {
      await protectTable(withinTransaction(connection), { table, lockTimeoutMs });
    } catch (error) {
      if (!(error instanceof KitError) || error.code !== "WT_KIT_TENANT_COLUMN") throw error;
      left.push(schema === "" ? name : `${schema}.${name}`);
    }
  }
  return left;
}
