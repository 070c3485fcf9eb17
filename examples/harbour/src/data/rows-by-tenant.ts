// The dataset as its tenants own it: each tenant's rows, and each tenant's part of what all share. Pure.
import type { Dataset } from "./generate.ts";
import { tableNames, tenantTables } from "./tables.ts";
import type { Row, TableName } from "./tables.ts";

export type Rows = Readonly<Partial<Record<TableName, readonly Row[]>>>;

type Fields = { tenant_id: string; id: string; invoice_id: string; user_id: string };

/** Rows of tenants' tables, by tenant. A line belongs to whoever its invoice belongs to. */
export function rowsByTenant(dataset: Dataset): ReadonlyMap<string, Rows> {
  const found = new Map(dataset.companies.map(({ id }) => [id, {} as Partial<Record<TableName, Row[]>>]));
  const put = (tenant: string, table: TableName, row: Row): void => {
    (found.get(tenant)![table] ??= []).push(row);
  };
  const invoices = new Map<string, string>();
  for (const table of tenantTables)
    for (const row of dataset.tables[table]) {
      const { tenant_id, id } = row as unknown as Fields;
      if (table === "invoices") invoices.set(id, tenant_id);
      put(tenant_id, table, row);
    }
  for (const row of dataset.tables.invoice_lines)
    put(invoices.get((row as unknown as Fields).invoice_id)!, "invoice_lines", row);
  // in the order of loading: what is referred to comes first
  return new Map(
    [...found].map(([tenant, rows]) => [
      tenant,
      Object.fromEntries(tableNames.flatMap((table) => (rows[table] ? [[table, rows[table]]] : []))),
    ]),
  );
}

/** What a place of some tenants needs of the directory: the tenants, their users, and what is everybody's. */
export function directoryOf(dataset: Dataset, tenants: readonly string[]): Rows {
  const { tables } = dataset;
  const users = new Set(
    tables.memberships.flatMap((row) => {
      const { tenant_id, user_id } = row as unknown as Fields;
      return tenants.includes(tenant_id) ? [user_id] : [];
    }),
  );
  const idOf = (row: Row): string => (row as unknown as Fields).id;
  return {
    plans: tables.plans,
    tenants: tables.tenants.filter((row) => tenants.includes(idOf(row))),
    users: tables.users.filter((row) => users.has(idOf(row))),
    house_templates: tables.house_templates,
  };
}
