// The independent witness: looks at the victim's and the shared rows over a connection of its own, before and after each attempt. What the
// application says about itself is not evidence. Where no role may look above row security, it looks from inside the victim's context.
import type pg from "pg";
import { SHARED_TENANT } from "../data/generate.ts";
import { tenantTables } from "../data/tables.ts";
import { rowsOf } from "../database/names.ts";
import type { Names } from "../database/names.ts";

export interface Snapshot {
  /** Digest of each of the victim's rows, and of the rows that all tenants share. */
  rows: ReadonlySet<string>;
  /** Rows of the attacker that refer to rows of somebody else. */
  crossLinks: number;
}

export interface Witness {
  look(): Promise<Snapshot>;
}

/** A connection to a tenant's place, and how its rows are named there. */
export interface Eye {
  client: pg.Client;
  tenant: string;
  names: Names;
  /** Opens the tenant's context in the running transaction, where the connection is not above row security. */
  enter?: () => Promise<void>;
}

export function witness(victim: Eye, attacker: Eye): Witness {
  const digests = digestsOf(victim);
  const links = linksOf(attacker);
  return {
    look: async () => {
      const rows = await lookWith<{ row: string }>(victim, digests);
      const [found] = await lookWith<{ count: number }>(attacker, links);
      return { rows: new Set(rows.map(({ row }) => row)), crossLinks: found!.count };
    },
  };
}

async function lookWith<T extends pg.QueryResultRow>({ client, enter }: Eye, text: string): Promise<T[]> {
  await client.query("begin");
  try {
    await enter?.();
    return (await client.query<T>(text)).rows;
  } finally {
    await client.query("rollback");
  }
}

function digestsOf({ names, tenant }: Eye): string {
  const lines = names.table("invoice_lines");
  const invoices = names.table("invoices");
  return [
    ...tenantTables.map(
      (table) =>
        `select '${table}' || md5(t::text) as row from ${names.table(table)} t where ${rowsOf(names, tenant, SHARED_TENANT)}`,
    ),
    "select 'house' || md5(h::text) from directory.house_templates h",
    `select 'lines' || md5(l::text) from ${lines} l join ${invoices} i on i.id = l.invoice_id where ${rowsOf(names, tenant)}`,
  ].join(" union all ");
}

function linksOf({ names, tenant }: Eye): string {
  const same = names.column ? "c.tenant_id = i.tenant_id and " : "";
  return `select count(*)::int as count from ${names.table("invoices")} i
           where ${rowsOf(names, tenant)} and not exists (select from ${names.table("customers")} c where ${same}c.id = i.customer_id)`;
}

/** How many of the victim's rows are gone, new or different. */
export function changedRows(before: Snapshot, after: Snapshot): number {
  let gone = 0;
  let added = 0;
  for (const row of before.rows) if (!after.rows.has(row)) gone += 1;
  for (const row of after.rows) if (!before.rows.has(row)) added += 1;
  // a changed row is one gone and one added
  return Math.max(gone, added);
}
