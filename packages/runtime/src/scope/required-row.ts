/**
 * The statement behind requireRow: one row by its key. Names are quoted, values are parameters.
 */
import { failure } from "../errors/errors.ts";

/** Quotes an identifier. */
function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** What asks for a row, and what reports that it was not there. */
export interface RowRequest {
  /** Quoted name of the relation, as `report_probe` takes it. */
  readonly relation: string;
  readonly text: string;
  readonly values: readonly unknown[];
}

/** The statement that says an id found nothing; parameters: proof, relation, key as JSON. */
export const reportText = "select watertight.report_probe($1, $2, $3)";

/**
 * @param table name, with schema or without
 * @throws ConfigurationError WT_CONFIG when the key has no column
 */
export function requestRow(table: string, key: Record<string, unknown>): RowRequest {
  const columns = Object.keys(key);
  if (columns.length === 0) throw failure("WT_CONFIG", { detail: "requireRow needs a key" });
  const where = columns.map((column, i) => `${quoteName(column)} = $${i + 1}`).join(" and ");
  const relation = table.split(".").map(quoteName).join(".");
  return { relation, text: `select * from ${relation} where ${where} limit 1`, values: Object.values(key) };
}
