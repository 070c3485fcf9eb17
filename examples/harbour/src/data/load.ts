// Loads generated rows through arrays: one INSERT … SELECT FROM unnest per few thousand rows, the fastest way that needs no COPY support
// in the driver.
import type { Dataset } from "./generate.ts";
import { relationOf, tableColumns, tableNames } from "./tables.ts";
import type { Row, TableName } from "./tables.ts";

const BATCH = 6000;

export interface Loader {
  query(text: string, values?: unknown[]): Promise<unknown>;
}

/** Everything. Must run before row security is switched on: under FORCE even the owner would be refused. */
export async function loadDataset(client: Loader, dataset: Dataset): Promise<void> {
  for (const table of tableNames) await insertRows(client, relationOf(table), table, dataset.tables[table]);
}

/** Rows of one table; `without`: a column that is not there. */
export async function insertRows(
  client: Loader,
  relation: string,
  table: TableName,
  rows: readonly Row[],
  without?: string,
): Promise<void> {
  const columns = Object.entries(tableColumns[table]).filter(([name]) => name !== without);
  const text = `insert into ${relation} (${columns.map(([name]) => name).join(", ")}) select * from unnest(${columns.map(([, type], i) => `$${i + 1}::${type}[]`).join(", ")})`;
  for (let start = 0; start < rows.length; start += BATCH) {
    const batch = rows.slice(start, start + BATCH) as readonly Record<string, unknown>[];
    await client.query(
      text,
      columns.map(([name]) => batch.map((row) => row[name])),
    );
  }
}
