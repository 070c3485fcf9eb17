/**
 * A row as it travels through the seed: columns and their values as text. Pure.
 */
import { quoteName, quoteQualified, quoteText, type QualifiedName } from "@watertight/schema";

/** Values by column; null is NULL, an absent column is left to its default. */
export type Values = ReadonlyMap<string, string | null>;

/** A value as an SQL literal that takes the type of its place. */
export function literal(value: string | null | undefined): string {
  return value === null || value === undefined ? "null" : quoteText(value);
}

/** A relation's name for SQL. */
export function nameOf({ schema, name }: QualifiedName): string {
  return quoteQualified(schema, name);
}

/** INSERT without its end; `identity`: a column of it is GENERATED ALWAYS AS IDENTITY. */
export function insertText(table: string, values: Values, identity: boolean): string {
  if (values.size === 0) return `insert into ${table} default values`;
  const columns = [...values.keys()].map((name) => quoteName(name)).join(", ");
  const row = [...values.values()].map(literal).join(", ");
  return `insert into ${table} (${columns}) ${identity ? "overriding system value " : ""}values (${row})`;
}

/** column = value and …, for the given columns. */
export function conditionText(columns: readonly string[], values: Values): string {
  return columns
    .map((name) => {
      const value = values.get(name) ?? null;
      return value === null ? `${quoteName(name)} is null` : `${quoteName(name)} = ${quoteText(value)}`;
    })
    .join(" and ");
}
