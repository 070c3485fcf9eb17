// Where one tenant lives, with everything that its own login can know about the place.
import type { CatalogRoutes } from "@watertight/control";
import pg from "pg";
import type { TableName } from "../data/tables.ts";
import type { Cluster } from "../database/cluster.ts";
import type { Model } from "./models.ts";

export interface Residence {
  readonly tenant: string;
  readonly model: Model;
  /** Id of the location in the catalog. */
  readonly location: string;
  readonly database: string;
  readonly schema: string | undefined;
  /** Login of the place that reads and writes. */
  readonly role: string;
  /** Connection string of that login. */
  readonly url: string;
  /** The key that contexts of the place are opened with. */
  readonly key: string;
}

/** Asks the catalog, as the application does. */
export async function residenceOf(routes: CatalogRoutes, cluster: Cluster, tenant: string): Promise<Residence> {
  const { id, model, schema, config } = await routes.locate(tenant);
  const { database, user, password, key } = config as Record<"database" | "user" | "password" | "key", string>;
  const url = new URL(cluster.url(database, user));
  url.password = encodeURIComponent(password);
  return { tenant, model, location: id, database, schema, role: user, url: url.href, key };
}

/** How statements name a tenant's tables when they name the place, and which rows of them are the tenant's. */
export interface Names {
  table(name: TableName | "invoice_totals" | "monthly_revenue" | "events_2026_q1"): string;
  /** Whether tables of several tenants: their tenant column tells whose a row is. */
  readonly column: boolean;
}

/** Names at a residence; without one, those of shared tables. */
export function namesAt(residence?: Pick<Residence, "schema">): Names {
  const schema = residence?.schema === undefined ? "harbour" : pg.escapeIdentifier(residence.schema);
  return { table: (name) => `${schema}.${name}`, column: residence?.schema === undefined };
}
