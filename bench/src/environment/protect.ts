/**
 * Puts the benchmark's tables under row security exactly as the kit does it: a restrictive floor, a permissive policy, FORCE, grants.
 */
import type pg from "pg";
import type { RoleNames } from "@watertight/testkit";
import { tenantTables } from "../data/tables.ts";

/** Protects all tenant tables of a database that has the kit. */
export async function protectTables(admin: pg.Client, roles: RoleNames): Promise<void> {
  const app = admin.escapeIdentifier(roles.app);
  for (const table of tenantTables) {
    await admin.query(`
      alter table ${table} enable row level security;
      alter table ${table} force row level security;
      create policy watertight_floor on ${table} as restrictive for all to public
        using (tenant_id = (select watertight.tenant_id()::uuid)) with check (tenant_id = (select watertight.tenant_id()::uuid));
      create policy watertight_allow on ${table} for all to public using (true) with check (true);
      grant select, insert, update, delete on ${table} to ${app}`);
  }
  await admin.query("select watertight.register_tenant(id::text) from tenant");
  await admin.query("analyze watertight.fence");
}
