/**
 * Locations and placements: which place serves which tenant. The database itself keeps a tenant from having two active places. Must never
 * activate a tenant below the release's `min_version`: the release row is held FOR SHARE until the caller's transaction ends.
 */
import type { Queryable } from "@watertight/schema";
import { type Actor, appendAudit } from "../audit-log/append-audit.ts";
import { type CatalogPool, withConnection } from "../db/transaction.ts";
import { controlError } from "../errors/control-error.ts";
import { refused } from "./refused.ts";
import type { Model } from "./tenants.ts";

/** A place inside a cell. */
export interface CatalogLocation {
  readonly id: string;
  readonly cell: string;
  readonly model: Model;
  readonly database: string;
  /** For model `schema` only. */
  readonly schema: string | null;
  readonly state: "preparing" | "ready" | "retired";
  readonly rwRole: string;
  readonly roRole: string;
  readonly rwSecret: string;
  readonly roSecret: string;
  readonly keySecret: string | null;
}

/** Columns of a location. */
export const locationColumns: string = `id, cell, model, database, schema, state, rw_role as "rwRole", ro_role as "roRole", rw_secret as "rwSecret", ro_secret as "roSecret", key_secret as "keySecret"`;

/** Adds a location, or finds it as it is. @throws ControlError WT_CATALOG_DUPLICATE when the place belongs to another location */
export async function ensureLocation(
  tx: Queryable,
  actor: Actor,
  location: Omit<CatalogLocation, "state">,
): Promise<CatalogLocation> {
  const { rows } = await tx
    .query(
      `insert into watertight_catalog.location (id, cell, model, database, schema, rw_role, ro_role, rw_secret, ro_secret, key_secret)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict (id) do nothing returning ${locationColumns}`,
      [
        location.id,
        location.cell,
        location.model,
        location.database,
        location.schema,
        location.rwRole,
        location.roRole,
        location.rwSecret,
        location.roSecret,
        location.keySecret,
      ],
    )
    .catch((error: unknown) => {
      throw refused(
        error,
        `location ${location.database}${location.schema === null ? "" : `.${location.schema}`} on ${location.cell}`,
      );
    });
  if (rows.length === 0) return getLocation(tx, location.id);
  await appendAudit(tx, actor, "location.added", `location:${location.id}`, {
    cell: location.cell,
    model: location.model,
    database: location.database,
    schema: location.schema,
  });
  return rows[0] as CatalogLocation;
}

/** One location. @throws ControlError WT_CATALOG_NOT_FOUND */
export async function getLocation(db: Queryable, id: string): Promise<CatalogLocation> {
  const { rows } = await db.query(`select ${locationColumns} from watertight_catalog.location where id = $1`, [id]);
  if (rows.length === 0) throw controlError("WT_CATALOG_NOT_FOUND", { detail: `location ${id}` });
  return rows[0] as CatalogLocation;
}

/** A location as lists show it. */
export interface ListedLocation extends Omit<CatalogLocation, "rwSecret" | "roSecret" | "keySecret"> {
  readonly service: string;
  /** A database that waits for its tenant. */
  readonly warm: boolean;
  /** Tenants that it serves. */
  readonly tenants: number;
}

/** Locations of a service that are not retired, by cell and database; at most 1,000. */
export async function listLocations(
  pool: CatalogPool,
  filter: { readonly service?: string; readonly model?: Model } = {},
): Promise<ListedLocation[]> {
  return withConnection(pool, async (db) => {
    const { rows } = await db.query(
      `select l.id, l.cell, l.model, l.database, l.schema, l.state, l.rw_role as "rwRole", l.ro_role as "roRole", l.service, l.warm,
              (select count(*)::int from watertight_catalog.placement p where p.location = l.id and p.state = 'active') as tenants
         from watertight_catalog.location l
        where l.service = $1 and l.state <> 'retired' and ($2::text is null or l.model = $2) order by l.cell, l.database, l.schema nulls first limit 1000`,
      [filter.service ?? "main", filter.model ?? null],
    );
    return rows as unknown as ListedLocation[];
  });
}

/** Moves a location on; a second call changes nothing. */
export async function setLocationState(
  tx: Queryable,
  actor: Actor,
  id: string,
  state: CatalogLocation["state"],
): Promise<void> {
  const { rows } = await tx.query(
    "update watertight_catalog.location set state = $2, version = version + 1 where id = $1 and state <> $2 and state <> 'retired' returning id",
    [id, state],
  );
  if (rows.length > 0) await appendAudit(tx, actor, `location.${state}`, `location:${id}`);
}

/** Where a tenant is served for a service. */
export async function activePlacement(
  db: Queryable,
  tenant: string,
  service: string,
): Promise<{ readonly location: string; readonly schemaVersion: number } | undefined> {
  const { rows } = await db.query(
    `select location, schema_version as "schemaVersion" from watertight_catalog.placement where tenant = $1 and service = $2 and state = 'active'`,
    [tenant, service],
  );
  return rows[0] as { location: string; schemaVersion: number } | undefined;
}

/** Notes that a tenant will be served at a location, not yet active; also where one was before. A second call changes nothing. */
export async function prepareTenantPlacement(
  tx: Queryable,
  tenant: string,
  service: string,
  location: string,
): Promise<void> {
  await tx
    .query(
      `insert into watertight_catalog.placement as p (tenant, service, location) values ($1, $2, $3)
       on conflict (tenant, service, location) do update set state = 'incoming', updated_at = now() where p.state = 'retired'`,
      [tenant, service, location],
    )
    .catch((error: unknown) => {
      throw refused(error, `placement of ${tenant} for ${service}`);
    });
}

/**
 * Makes a placement the active one. Holds the release row FOR SHARE: a release that raises `min_version` waits for this transaction, and this
 * one sees what a release that came first has raised it to.
 * @throws ControlError WT_CATALOG_STATE when the schema is older than what is served
 */
export async function activatePlacement(
  tx: Queryable,
  actor: Actor,
  placement: {
    readonly tenant: string;
    readonly service: string;
    readonly location: string;
    readonly schemaVersion: number;
  },
): Promise<void> {
  const { tenant, service, location, schemaVersion } = placement;
  const { rows } = await tx.query("select min_version from watertight_catalog.service where id = $1 for share", [
    service,
  ]);
  if (rows.length === 0) throw controlError("WT_CATALOG_NOT_FOUND", { detail: `service ${service}` });
  const least = rows[0]!["min_version"] as number;
  if (schemaVersion < least)
    throw controlError("WT_CATALOG_STATE", {
      detail: `schema version ${schemaVersion} is below ${least}, which ${service} serves`,
      next: "Migrate it first; the operation does when it is retried.",
      retryable: true,
    });
  const changed = await tx
    .query(
      `update watertight_catalog.placement set state = 'active', schema_version = $4, updated_at = now()
        where tenant = $1 and service = $2 and location = $3 and (state, schema_version) is distinct from ('active', $4) returning 1 as yes`,
      [tenant, service, location, schemaVersion],
    )
    .catch((error: unknown) => {
      throw refused(error, `placement of ${tenant} for ${service}`);
    });
  if (changed.rows.length > 0)
    await appendAudit(tx, actor, "placement.active", `tenant:${tenant}`, { service, location, schemaVersion });
}

/**
 * Takes a placement back to where it was before it was made the active one: steps that are undone after this one still find the place. A second call
 * changes nothing.
 */
export async function unreadyPlacement(
  tx: Queryable,
  actor: Actor,
  tenant: string,
  service: string,
  location: string,
): Promise<void> {
  const { rows } = await tx.query(
    "update watertight_catalog.placement set state = 'incoming', updated_at = now() where tenant = $1 and service = $2 and location = $3 and state = 'active' returning 1 as yes",
    [tenant, service, location],
  );
  if (rows.length > 0) await appendAudit(tx, actor, "placement.incoming", `tenant:${tenant}`, { service, location });
}

/** Ends placements of a tenant at a location. A second call changes nothing. */
export async function retirePlacement(
  tx: Queryable,
  actor: Actor,
  tenant: string,
  service: string,
  location: string,
): Promise<void> {
  const { rows } = await tx.query(
    "update watertight_catalog.placement set state = 'retired', updated_at = now() where tenant = $1 and service = $2 and location = $3 and state <> 'retired' returning 1 as yes",
    [tenant, service, location],
  );
  if (rows.length > 0) await appendAudit(tx, actor, "placement.retired", `tenant:${tenant}`, { service, location });
}
