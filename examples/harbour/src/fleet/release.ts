// Harbour's schema as the control plane wants it: what a new database holds, and what a new tenant's schema holds, from the same files.
import type { SchemaSource } from "@watertight/control";
import { tenantTables } from "../data/tables.ts";
import { searchPath } from "../database/install.ts";
import { fill, sqlFile } from "../database/sql-files.ts";
import { asTenantSchema } from "../database/tenant-schema.ts";

/** Version 1. `classPrefix`: start of the names of the roles that the template's grants name. */
export async function harbourRelease(classPrefix: string): Promise<SchemaSource> {
  const [directory, tables, keys, views, column, grants] = await Promise.all(
    [
      "000_directory.sql",
      "010_tables.sql",
      "020_keys.sql",
      "030_views.sql",
      "035_tenant_column.sql",
      "040_grants.sql",
    ].map(sqlFile),
  );
  const roles = { app: `${classPrefix}_app`, readonly: `${classPrefix}_readonly` };
  return {
    version: 1,
    database: [directory!, tables!, keys!, views!, column!, fill(grants!, roles)],
    tables: [
      ...tenantTables.map((table) => ({ table: `harbour.${table}` })),
      { table: "harbour.invoice_lines", parent: { table: "harbour.invoices", via: { invoice_id: "id" } } },
    ],
    schema: [tables!, keys!, views!].map(asTenantSchema),
    settings: { search_path: searchPath },
  };
}
