/**
 * Adoption in two steps: observe a table while the application runs as it is, read what would have been refused, then enforce.
 */
import type { Queryable } from "../db/queryable.ts";
import { protectTable, type ProtectOptions, type ProtectReport } from "../protect/protect-table.ts";
import { findTable } from "../protect/find-table.ts";
import { withTenantRights } from "../tenants/with-tenant-rights.ts";
import { kitError } from "../errors/kit-error.ts";

/**
 * Installs a floor that refuses nothing and records every statement that enforcement would have refused. Rights, owner and constraints
 * stay as they are. An enforced table goes back to being observed.
 * @example await observeTable(client, { table: "projects" });
 */
export async function observeTable(db: Queryable, options: Omit<ProtectOptions, "mode">): Promise<ProtectReport> {
  return protectTable(db, { ...options, mode: "observe" });
}

/**
 * Turns observation into enforcement: the floor refuses, and owner, rights, NOT NULL and index follow.
 * @example await enforceTable(client, { table: "projects" });
 * @throws KitError WT_KIT_NOT_PROTECTED when the table was not observed before
 */
export async function enforceTable(db: Queryable, options: Omit<ProtectOptions, "mode">): Promise<ProtectReport> {
  const found = await findTable(db, options.table);
  const known = await withTenantRights(db, async (tx) => {
    const [row] = await tx.rows(
      "select exists (select from watertight.protected p where p.relation = $1::bigint::oid::regclass) as yes",
      [found.oid],
    );
    return row!.yes as boolean;
  });
  if (!known) throw kitError("WT_KIT_NOT_PROTECTED", { detail: options.table });
  return protectTable(db, { ...options, mode: "enforce" });
}

/** What was observed of one statement on one table. */
export interface Observation {
  readonly relation: string;
  readonly kind: "observed_crossing" | "observed_no_context";
  /** How often it ran; executions, not rows. */
  readonly statements: number;
  readonly last: Date;
  /** The statement's text, cut at 500 characters. */
  readonly example: string;
}

/**
 * Sums up what observation recorded, by table and statement, most frequent first.
 * @example for (const each of await listObservations(client)) console.log(each.statements, each.relation, each.example);
 */
export async function listObservations(db: Queryable): Promise<Observation[]> {
  return withTenantRights(db, async (tx) => {
    const rows = await tx.rows(
      `select relation, kind, pg_catalog.count(*)::int as statements, pg_catalog.max(at) as last, coalesce(detail ->> 'query', '') as example
         from watertight.event where kind in ('observed_crossing', 'observed_no_context') group by 1, 2, 5 order by 3 desc, 1, 2, 5`,
    );
    return rows as Observation[];
  });
}
