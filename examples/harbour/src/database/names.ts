// How a statement names the tables of a place when it names the place, and which of their rows are whose. Pure.
import pg from "pg";
import type { TableName } from "../data/tables.ts";

export interface Names {
  table(name: TableName | "invoice_totals" | "monthly_revenue" | "events_2026_q1"): string;
  /** Tables of several tenants: a column tells whose a row is. In a schema of one tenant's own there is none. */
  readonly column: boolean;
}

/** Names in a tenant's own schema; without one, in tables with a tenant column. */
export function namesIn(schema?: string): Names {
  const quoted = schema === undefined ? "harbour" : pg.escapeIdentifier(schema);
  return { table: (name) => `${quoted}.${name}`, column: schema === undefined };
}

/** The condition that picks a tenant's rows of such a table. */
export function rowsOf(names: Names, ...tenants: readonly string[]): string {
  return names.column ? `tenant_id in (${tenants.map((tenant) => pg.escapeLiteral(tenant)).join(", ")})` : "true";
}
