// Brings a tenant's rows to its place, as the place's own login and in the tenant's context: the row security that will keep them apart
// decides about every single row that comes in.
import { openContext } from "@watertight/schema";
import pg from "pg";
import { insertRows } from "../data/load.ts";
import type { Rows } from "../data/rows-by-tenant.ts";
import { relationOf } from "../data/tables.ts";
import type { TableName } from "../data/tables.ts";
import type { Cluster } from "../database/cluster.ts";
import type { Residence } from "./residence.ts";

/** Tenants of one database, each in a transaction of its own. */
export async function moveIn(tenants: readonly { residence: Residence; rows: Rows }[]): Promise<void> {
  const client = new pg.Client({ connectionString: tenants[0]!.residence.url });
  client.on("error", () => {});
  await client.connect();
  try {
    for (const { residence, rows } of tenants) {
      const { names } = residence;
      await client.query("begin");
      await openContext(client, residence.tenant, "sealed", residence.key);
      for (const [table, list] of Object.entries(rows) as [TableName, Rows[TableName]][])
        await insertRows(client, names.table(table), table, list!, names.column ? undefined : "tenant_id");
      await client.query("commit");
    }
  } finally {
    await client.end();
  }
}

/** What all tenants of a database share: written by whoever owns the tables, because the application only reads it. */
export async function fillDirectory(cluster: Cluster, database: string, rows: Rows): Promise<void> {
  await cluster.asAdmin(database, async (client) => {
    await client.query("begin");
    await client.query(`set local role ${pg.escapeIdentifier(`${cluster.prefix}silo_owner`)}`);
    for (const [table, list] of Object.entries(rows) as [TableName, Rows[TableName]][])
      await insertRows(client, relationOf(table), table, list!);
    await client.query("commit");
  });
}
