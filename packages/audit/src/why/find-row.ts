/**
 * Finds the row that is asked about, by its key, as whoever is connected. Must never answer another row than the one that was named.
 */
import { type Queryable, quoteName, quoteQualified, type Relation } from "@watertight/schema";
import { CheckError } from "../check/check-error.ts";
import type { SchemaGraph } from "../understand/schema/graph.ts";
import type { RowValue } from "./evaluate.ts";

/** Values by column, as text. */
export type RowKey = ReadonlyMap<string, string>;

/**
 * The key that `--row` names: `column=value,column=value`, or the bare value of the only column of the primary key that is not the tenant.
 * @throws CheckError WT_CHECK_UNKNOWN
 */
export function keyOf(graph: SchemaGraph, relation: Relation, given: string, tenantColumn: string | null): RowKey {
  const named = given.split(",").map((pair) => /^\s*([\w$]+)=(.*)$/s.exec(pair));
  if (named.every((pair) => pair !== null && graph.column(relation, pair[1]!) !== undefined))
    return new Map(named.map((pair) => [pair![1]!, pair![2]!]));
  const key = graph.primaryKey(relation);
  const [column, ...more] = key.length === 1 ? key : key.filter((each) => each !== tenantColumn);
  if (column !== undefined && more.length === 0) return new Map([[column, given]]);
  const example = (key.length === 0 ? relation.columns.slice(0, 1).map(({ name }) => name) : key)
    .map((each) => `${each}=…`)
    .join(",");
  throw new CheckError(
    "WT_CHECK_UNKNOWN",
    `${relation.name} has ${key.length === 0 ? "no primary key" : `the key ${key.join(", ")}`}.`,
    `Name the row by its columns: --row ${example}`,
  );
}

/** The row, or null when it is not seen. @throws CheckError for a value of a wrong type, and for a key of several rows */
export async function findRow(db: Queryable, relation: Relation, key: RowKey): Promise<RowValue | null> {
  const where = [...key.keys()].map((name, at) => `watertight_row.${quoteName(name)} = $${at + 1}`).join(" and ");
  const text = `select watertight_row::text as literal, pg_catalog.to_json(watertight_row)::text as columns
    from ${quoteQualified(relation.schema, relation.name)} as watertight_row where ${where} limit 2`;
  const { rows } = await db.query(text, [...key.values()]).catch((error: Error & { code?: string }) => {
    const { code = "", message } = error;
    if (!code.startsWith("22")) throw error;
    throw new CheckError("WT_CHECK_UNKNOWN", `The row's key does not fit: ${message}.`, "Correct --row.");
  });
  const [found, another] = rows;
  if (another !== undefined)
    throw new CheckError(
      "WT_CHECK_UNKNOWN",
      `Several rows of ${relation.name} have ${[...key].map(([name, value]) => `${name} = ${value}`).join(", ")}.`,
      "Name more columns: --row column=value,column=value",
    );
  if (found === undefined) return null;
  const columns = JSON.parse(String(found["columns"])) as Record<string, unknown>;
  return { relation, literal: String(found["literal"]), columns };
}
