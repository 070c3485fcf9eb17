// The independent witness: looks at the victim's and the shared rows over a connection of its own, before and after each attempt. What the
// application says about itself is not evidence. Where no role may look above row security, it looks from inside the victim's context.
import type pg from "pg";
import { SHARED_TENANT } from "../data/generate.ts";
import { tenantTables } from "../data/tables.ts";

export interface Snapshot {
  /** Digest of each of the victim's rows, and of the rows that all tenants share. */
  rows: ReadonlySet<string>;
  /** Rows of the attacker that refer to rows of somebody else. */
  crossLinks: number;
}

export interface Witness {
  look(): Promise<Snapshot>;
}

export function witness(
  client: pg.Client,
  victim: string,
  attacker: string,
  enter: (tenant: string) => Promise<void> = async () => {},
): Witness {
  const lookAs = async <T extends pg.QueryResultRow>(tenant: string, text: string, values: unknown[]): Promise<T[]> => {
    await client.query("begin");
    try {
      await enter(tenant);
      return (await client.query<T>(text, values)).rows;
    } finally {
      await client.query("rollback");
    }
  };
  const digests = [
    ...tenantTables.map(
      (table) => `select '${table}' || md5(t::text) as row from harbour.${table} t where t.tenant_id in ($1, $2)`,
    ),
    "select 'house' || md5(h::text) from directory.house_templates h",
    "select 'lines' || md5(l::text) from harbour.invoice_lines l join harbour.invoices i on i.id = l.invoice_id where i.tenant_id in ($1, $2)",
  ].join(" union all ");
  return {
    look: async () => {
      const rows = await lookAs<{ row: string }>(victim, digests, [victim, SHARED_TENANT]);
      const links = await lookAs<{ count: number }>(
        attacker,
        `select count(*)::int as count from harbour.invoices i
          where i.tenant_id = $1 and not exists (select from harbour.customers c where c.tenant_id = i.tenant_id and c.id = i.customer_id)`,
        [attacker],
      );
      return { rows: new Set(rows.map(({ row }) => row)), crossLinks: links[0]!.count };
    },
  };
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
