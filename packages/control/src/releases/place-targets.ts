/**
 * The places of a service as targets of its migrations: pools, silos, databases and schemas that are ready, also those of tenants that are suspended, and
 * databases that wait for a tenant. Must never print how one is reached: connection strings are read here and go into `connect` and `home` alone.
 */
import type { Queryable } from "@watertight/schema";
import { cellUrl } from "../cells/cell-url.ts";
import { type CatalogPool, withConnection } from "../db/transaction.ts";
import type { ConnectConfig, Target } from "../migrations/target.ts";
import type { Secrets } from "../secrets/secrets.ts";

/** A target with the place that it is. */
export interface PlaceTarget extends Target {
  readonly location: string;
  readonly cell: string;
  /** The provisioner's own database on the cell. */
  readonly home: ConnectConfig;
}

interface Row {
  readonly location: string;
  readonly cell: string;
  readonly model: "pool" | "schema" | "database" | "silo";
  readonly database: string;
  readonly schema: string | null;
  readonly rwRole: string;
  readonly roRole: string;
  readonly adminSecret: string;
  readonly adopted: boolean;
  readonly tenant: string | null;
  readonly slug: string | null;
}

/**
 * Reads them.
 * @param application what the sessions on the cells are called
 * @throws ControlError WT_SECRET
 */
export async function placeTargets(
  pool: CatalogPool,
  secrets: Secrets,
  service: string,
  application: string,
): Promise<PlaceTarget[]> {
  const rows = await withConnection(pool, (db) => readPlaces(db, service));
  const urls = new Map<string, string>();
  for (const { adminSecret } of rows)
    if (!urls.has(adminSecret)) urls.set(adminSecret, await secrets.read(adminSecret));
  return rows.map((row) => ({
    // a tenant of a place of its own is known by its slug, a shared place by its location
    id: row.slug ?? row.location,
    location: row.location,
    cell: row.cell,
    model: row.model,
    server: row.cell,
    home: { connectionString: named(urls.get(row.adminSecret)!, application) },
    place: { rwRole: row.rwRole, roRole: row.roRole, ...(row.adopted ? { adopted: true } : {}) },
    connect: { connectionString: named(cellUrl(urls.get(row.adminSecret)!, row.database), application) },
    ...(row.schema === null ? {} : { schema: row.schema }),
    ...(row.schema === null || row.tenant === null ? {} : { tenants: [row.tenant] }),
  }));
}

async function readPlaces(db: Queryable, service: string): Promise<Row[]> {
  const { rows } = await db.query(
    `select l.id as location, l.cell, l.model, l.database, l.schema, l.rw_role as "rwRole", l.ro_role as "roRole", c.admin_secret as "adminSecret",
            l.made_by is null and l.schema is null as adopted, t.id as tenant, t.slug
       from watertight_catalog.location l join watertight_catalog.cell c on c.id = l.cell
       left join watertight_catalog.placement p on p.location = l.id and p.service = l.service and p.state = 'active' and l.model in ('schema', 'database')
       left join watertight_catalog.tenant t on t.id = p.tenant
      where l.service = $1 and l.state = 'ready' and (l.model in ('pool', 'silo') or l.warm or t.id is not null)
      order by l.cell, l.database, l.schema nulls first`,
    [service],
  );
  return rows as unknown as Row[];
}

function named(connectionString: string, application: string): string {
  const url = new URL(connectionString);
  url.searchParams.set("application_name", application);
  return url.href;
}

/** Notes in the catalog how far places are, which they have just said themselves. */
export async function notePlaceVersions(
  pool: CatalogPool,
  service: string,
  places: readonly { readonly location: string; readonly version: number }[],
): Promise<void> {
  if (places.length === 0) return;
  await withConnection(pool, (db) =>
    db.query(
      `with place as (
         select * from rows from (pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::int[])) as x (location, version)
       ), warm as (
         update watertight_catalog.location l set schema_version = x.version, version = l.version + 1 from place x
          where l.id = x.location and l.warm and l.schema_version < x.version
       )
       update watertight_catalog.placement p set schema_version = x.version, updated_at = now() from place x
        where p.location = x.location and p.service = $1 and p.state = 'active' and p.schema_version < x.version`,
      [service, places.map(({ location }) => location), places.map(({ version }) => version)],
    ),
  );
}
