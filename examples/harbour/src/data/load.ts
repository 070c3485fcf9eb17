// Loads a generated dataset through arrays: one INSERT … SELECT FROM unnest per few thousand rows, the fastest way that needs no COPY support
// in the driver. Must run before row security is switched on: under FORCE even the owner would be refused.
import type { Dataset } from "./generate.ts";
import { relationOf, tableColumns, tableNames } from "./tables.ts";

const BATCH = 6000;

export interface Loader {
  query(text: string, values?: unknown[]): Promise<unknown>;
}

export async function loadDataset(client: Loader, dataset: Dataset): Promise<void> {
  for (const table of tableNames) {
    const columns = Object.entries(tableColumns[table]);
    const text = `insert into ${relationOf(table)} (${columns.map(([name]) => name).join(", ")}) select * from unnest(${columns.map(([, type], i) => `$${i + 1}::${type}[]`).join(", ")})`;
    const rows = dataset.tables[table] as readonly Record<string, unknown>[];
    for (let start = 0; start < rows.length; start += BATCH) {
      const batch = rows.slice(start, start + BATCH);
      await client.query(
        text,
        columns.map(([name]) => batch.map((row) => row[name])),
      );
    }
  }
}
