/**
 * Several tables in one call: all of them or none. Every name is looked up before the first table is touched, then the tables follow in the
 * order given, so that a parent can stand before its children. Must never leave some of them changed when another one fails.
 */
import { inOneTransaction } from "../db/one-transaction.ts";
import type { Queryable } from "../db/queryable.ts";
import { quoteQualified } from "../db/quote.ts";
import { findTable } from "./find-table.ts";
import { protectTable, type ProtectOptions, type ProtectReport } from "./protect-table.ts";

/**
 * Protects tables in one transaction; `protect` may also be observeTable or enforceTable. The locks of all tables are held until its end.
 * @example await protectTables(client, ["projects", "invoices"]);
 * @throws KitError those of protectTable; nothing is changed then
 */
export async function protectTables(
  db: Queryable,
  tables: readonly string[],
  options: Omit<ProtectOptions, "table"> = {},
  protect: (db: Queryable, options: ProtectOptions) => Promise<ProtectReport> = protectTable,
): Promise<ProtectReport[]> {
  const names: string[] = [];
  for (const table of tables) names.push(await qualified(db, table));
  const parent = options.parent && { ...options.parent, table: await qualified(db, options.parent.table) };
  return inOneTransaction(db, async (inner) => {
    const reports: ProtectReport[] = [];
    for (const table of names) reports.push(await protect(inner, { ...options, table, ...(parent ? { parent } : {}) }));
    return reports;
  });
}

async function qualified(db: Queryable, name: string): Promise<string> {
  const found = await findTable(db, name);
  return quoteQualified(found.schema, found.name);
}
