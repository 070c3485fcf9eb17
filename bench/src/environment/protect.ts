/**
 * Puts the benchmark's tables under row security with the kit, and registers the tenants.
 */
import type pg from "pg";
import { protectTable } from "@watertight/schema";
import { tenantTables } from "../data/tables.ts";

/** Protects all tenant tables of a database that has the kit. */
export async function protectTables(admin: pg.Client): Promise<void> {
  for (const table of tenantTables) await protectTable(admin, { table, tenantColumn: "tenant_id" });
  await admin.query("select watertight.register_tenant(id::text) from tenant");
  await admin.query("analyze watertight.fence");
}
