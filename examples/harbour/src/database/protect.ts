// Puts Harbour's tables under the kit. Every table with a tenant_id by itself, the invoice lines through their invoice; the directory
// is global by declaration and stays as it is.
import { protectTable } from "@watertight/schema";
import type pg from "pg";
import { tenantTables } from "../data/tables.ts";

export async function protectHarbour(client: pg.Client): Promise<void> {
  for (const table of tenantTables) await protectTable(client, { table: `harbour.${table}` });
  await protectTable(client, {
    table: "harbour.invoice_lines",
    parent: { table: "harbour.invoices", via: { invoice_id: "id" } },
  });
}
