/** One route as the catalog's view shows it to the router role. */
import type { Queryable } from "@watertight/schema";
import type { Model } from "../catalog/tenants.ts";

/** Where a tenant is served for a service. */
export interface Route {
  readonly location: string;
  readonly model: Model;
  readonly cell: string;
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly schema: string | null;
  readonly rwRole: string;
  readonly roRole: string;
  readonly rwSecret: string;
  readonly roSecret: string;
  readonly keySecret: string | null;
  readonly limits: Readonly<Record<string, unknown>>;
}

/** Reads one route. @returns undefined for a tenant that is not served */
export async function readRoute(db: Queryable, tenant: string, service: string): Promise<Route | undefined> {
  const { rows } = await db.query(
    `select location, model, cell, host, port, database, schema, rw_role as "rwRole", ro_role as "roRole", rw_secret as "rwSecret", ro_secret as "roSecret",
            key_secret as "keySecret", limits from watertight_catalog.route where tenant = $1 and service = $2`,
    [tenant, service],
  );
  return rows[0] as Route | undefined;
}
