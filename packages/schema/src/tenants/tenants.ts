/**
 * Tenants of this database: registered, listed, suspended. A tenant that is not registered is refused, so this is the list of who is served.
 */
import type { Queryable } from "../db/queryable.ts";
import type { KitTransaction } from "../db/transaction.ts";
import { quoteName, quoteQualified } from "../db/quote.ts";
import { kitError } from "../errors/kit-error.ts";
import { withKit } from "../install/with-kit.ts";
import { findTable, type FoundTable } from "../protect/find-table.ts";
import { withTenantRights } from "./with-tenant-rights.ts";

/** States of a tenant; only `active` is served, `deleted` is for ever. */
export const tenantStates = ["incoming", "active", "suspended", "maintenance", "moving", "moved", "deleted"] as const;
/** One of {@link tenantStates}. */
export type TenantState = (typeof tenantStates)[number];

/** A registered tenant. */
export interface TenantRow {
  readonly tenant: string;
  readonly state: TenantState;
  readonly goto: string | null;
  readonly updatedAt: Date;
}

/**
 * Registers tenants; those that are there stay as they are. Answers how many are new.
 * @example await registerTenants(client, ["7a0e…", "91bb…"]);
 * @throws KitError WT_KIT_TENANT for an id that is empty, too long, or was deleted here
 */
export async function registerTenants(db: Queryable, ids: readonly string[]): Promise<number> {
  return withTenantRights(db, (tx) => register(tx, ids));
}

async function register(tx: KitTransaction, ids: readonly string[]): Promise<number> {
  const bad = ids.find((id) => id === "" || id.includes("\0") || Buffer.byteLength(id) > 200);
  if (bad !== undefined)
    throw kitError("WT_KIT_TENANT", {
      detail: "an id is empty, longer than 200 bytes, or holds a NUL",
      next: "Correct the id.",
    });
  const [before] = await tx.rows("select pg_catalog.count(*)::int as n from watertight.fence");
  try {
    await tx.run("select watertight.register_tenant(id) from pg_catalog.unnest($1::text[]) id", [ids]);
  } catch (error) {
    throw kitError("WT_KIT_TENANT", {
      detail: (error as Error).message,
      next: "Give the new tenant a new id.",
      cause: error,
    });
  }
  const [after] = await tx.rows("select pg_catalog.count(*)::int as n from watertight.fence");
  return (after!.n as number) - (before!.n as number);
}

/**
 * Registers every tenant found in a column, for example `tenants.id`.
 * @example await registerTenantsFrom(client, "tenants", "id");
 */
export async function registerTenantsFrom(db: Queryable, table: string, column: string): Promise<number> {
  const found = await findTable(db, table);
  return withKit(db, false, (tx) => registerFrom(tx, found, column));
}

/** The same inside a transaction of the kit. */
export async function registerFrom(tx: KitTransaction, found: FoundTable, column: string): Promise<number> {
  const name = quoteQualified(found.schema, found.name);
  const [facts] = await tx.rows(
    `select c.relforcerowsecurity and not exists (select from pg_catalog.pg_roles r where r.rolname = current_user and (r.rolsuper or r.rolbypassrls)) as lift from pg_catalog.pg_class c where c.oid = $1`,
    [found.oid],
  );
  // a forced owner without BYPASSRLS sees no row at all; lifted inside this transaction only (A14, E8)
  if (facts!.lift) await tx.run(`alter table ${name} no force row level security`);
  const rows = await tx.rows(
    `select distinct ${quoteName(column)}::text as id from ${name} where ${quoteName(column)} is not null`,
  );
  if (facts!.lift) await tx.run(`alter table ${name} force row level security`);
  return register(
    tx,
    rows.map((row) => row.id as string),
  );
}

/** All registered tenants, or those in one state. */
export async function listTenants(db: Queryable, state?: TenantState): Promise<TenantRow[]> {
  return withTenantRights(db, async (tx) => {
    const rows = await tx.rows(
      `select tenant, state, goto, updated_at as "updatedAt" from watertight.fence where $1::text is null or state = $1 order by tenant`,
      [state ?? null],
    );
    return rows as TenantRow[];
  });
}

/**
 * Changes a tenant's state. Waits for its running transactions; `lockTimeoutMs` (default 2,000) bounds the wait, because requests of the
 * tenant queue up behind it.
 * @example await setTenantState(client, "7a0e…", "suspended");
 * @throws KitError WT_KIT_TENANT when it is not registered here
 */
export async function setTenantState(
  db: Queryable,
  tenant: string,
  state: TenantState,
  options: { goto?: string; lockTimeoutMs?: number } = {},
): Promise<void> {
  if (!tenantStates.includes(state)) throw kitError("WT_KIT_OPTION", { detail: `state ${state}` });
  await withTenantRights(db, async (tx) => {
    await tx.rows("select pg_catalog.set_config('lock_timeout', $1, true)", [String(options.lockTimeoutMs ?? 2000)]);
    try {
      await tx.run("select watertight.set_tenant_state($1, $2, $3)", [tenant, state, options.goto ?? null]);
    } catch (error) {
      if ((error as { code?: string }).code !== "WT002") throw error;
      throw kitError("WT_KIT_TENANT", { detail: "not registered in this database", cause: error });
    }
  });
}
