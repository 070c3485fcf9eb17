/**
 * Tenants in the catalog. Changes of state that touch a place where a tenant is served are operations; here is what the catalog itself knows.
 * Must never change a row that its reader has not seen as it is (optimistic concurrency by `version`).
 */
import type { Queryable } from "@watertight/schema";
import { type Actor, appendAudit } from "../audit-log/append-audit.ts";
import { type CatalogPool, inTransaction, withConnection } from "../db/transaction.ts";
import { controlError } from "../errors/control-error.ts";
import { writeEvent } from "./outbox.ts";
import { refused } from "./refused.ts";

/** States of a tenant in the catalog. */
export type CatalogTenantState =
  | "provisioning"
  | "active"
  | "suspended"
  | "maintenance"
  | "moving"
  | "archived"
  | "deleted";

/** Isolation models. */
export type Model = "pool" | "schema" | "database" | "silo";

/** A tenant. */
export interface CatalogTenant {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly tier: string;
  readonly state: CatalogTenantState;
  readonly limits: Readonly<Record<string, unknown>>;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly version: string;
  readonly createdAt: Date;
  readonly deleteAfter: Date | null;
}

/** A tenant as lists show it: with the place that serves it for one service. */
export interface ListedTenant extends CatalogTenant {
  readonly model: Model | null;
  readonly cell: string | null;
  readonly location: string | null;
  readonly schemaVersion: number | null;
}

/** What a new tenant needs. */
export interface NewTenant {
  /** As the application knows it; a text of 1 to 200 bytes. */
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly tier?: string;
  readonly hostnames?: readonly string[];
  readonly limits?: Readonly<Record<string, unknown>>;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

const columns = `t.id, t.slug, t.name, t.tier, t.state, t.limits, t.metadata, t.version::text, t.created_at as "createdAt", t.delete_after as "deleteAfter"`;

/** Adds tenants in state `provisioning`, in one statement. @throws ControlError WT_CATALOG_DUPLICATE, WT_CATALOG_INPUT */
export async function insertTenants(tx: Queryable, actor: Actor, tenants: readonly NewTenant[]): Promise<void> {
  const what = tenants.length === 1 ? `tenant ${tenants[0]!.slug}` : `${tenants.length} tenants`;
  await tx
    .query(
      `insert into watertight_catalog.tenant (id, slug, name, tier, limits, metadata)
       select * from rows from (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::text[]),
         pg_catalog.unnest($4::text[]), pg_catalog.unnest($5::jsonb[]), pg_catalog.unnest($6::jsonb[]))`,
      [
        tenants.map(({ id }) => id),
        tenants.map(({ slug }) => slug),
        tenants.map(({ name }) => name),
        tenants.map(({ tier }) => tier ?? "standard"),
        tenants.map(({ limits }) => JSON.stringify(limits ?? {})),
        tenants.map(({ metadata }) => JSON.stringify(metadata ?? {})),
      ],
    )
    .catch((error: unknown) => {
      throw refused(error, what);
    });
  const names = tenants.flatMap(({ id, hostnames }) =>
    (hostnames ?? []).map((hostname) => ({ id, hostname: hostname.toLowerCase() })),
  );
  if (names.length > 0)
    await tx
      .query(
        "insert into watertight_catalog.hostname (hostname, tenant) select * from rows from (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[]))",
        [names.map(({ hostname }) => hostname), names.map(({ id }) => id)],
      )
      .catch((error: unknown) => {
        throw refused(error, what);
      });
  if (tenants.length === 1)
    await appendAudit(tx, actor, "tenant.added", `tenant:${tenants[0]!.id}`, { slug: tenants[0]!.slug });
  else
    await appendAudit(tx, actor, "tenants.added", "tenants", {
      count: tenants.length,
      first: tenants[0]?.id,
      last: tenants.at(-1)?.id,
    });
}

/** One tenant by id or slug. @throws ControlError WT_CATALOG_NOT_FOUND */
export async function getTenant(db: Queryable, idOrSlug: string): Promise<CatalogTenant> {
  const { rows } = await db.query(
    `select ${columns} from watertight_catalog.tenant t where t.id = $1 or t.slug = $1 order by (t.id = $1) desc limit 1`,
    [idOrSlug],
  );
  if (rows.length === 0) throw controlError("WT_CATALOG_NOT_FOUND", { detail: `tenant ${idOrSlug}` });
  return rows[0] as CatalogTenant;
}

/** Which tenants a list shows. */
export interface TenantFilter {
  readonly state?: CatalogTenantState;
  readonly model?: Model;
  readonly cell?: string;
  /** Whose schema is older than this version. */
  readonly behind?: number;
  readonly service?: string;
  /** Slug of the last tenant of the page before. */
  readonly after?: string;
  /** Default 100, at most 1,000. */
  readonly limit?: number;
}

/** A page of tenants in the order of their slugs. */
export async function listTenants(pool: CatalogPool, filter: TenantFilter = {}): Promise<ListedTenant[]> {
  const limit = Math.min(1000, Math.max(1, filter.limit ?? 100));
  const conditions = ["t.slug > $2"];
  const values: unknown[] = [filter.service ?? "main", filter.after ?? "", limit];
  const add = (condition: (place: string) => string, value: unknown): void => {
    if (value === undefined) return;
    values.push(value);
    conditions.push(condition(`$${values.length}`));
  };
  add((place) => `t.state = ${place}`, filter.state);
  add((place) => `l.model = ${place}`, filter.model);
  add((place) => `l.cell = ${place}`, filter.cell);
  add((place) => `p.schema_version < ${place}`, filter.behind);
  return withConnection(pool, async (db) => {
    const { rows } = await db.query(
      `select ${columns}, l.model, l.cell, l.id as location, p.schema_version as "schemaVersion"
         from watertight_catalog.tenant t
         left join watertight_catalog.placement p on p.tenant = t.id and p.service = $1 and p.state = 'active'
         left join watertight_catalog.location l on l.id = p.location
        where ${conditions.join(" and ")} order by t.slug limit $3`,
      values,
    );
    return rows as ListedTenant[];
  });
}

/** What can be changed about a tenant without touching where it is served. */
export interface TenantChange {
  readonly name?: string;
  readonly tier?: string;
  readonly limits?: Readonly<Record<string, unknown>>;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/**
 * Changes a tenant that is still as it was read.
 * @param version of the tenant as it was read
 * @throws ControlError WT_CATALOG_STALE, WT_CATALOG_NOT_FOUND, WT_CATALOG_INPUT
 */
export async function changeTenant(
  pool: CatalogPool,
  actor: Actor,
  id: string,
  version: string,
  change: TenantChange,
): Promise<CatalogTenant> {
  return inTransaction(pool, async (tx) => {
    const json = (value: unknown): string | null => (value === undefined ? null : JSON.stringify(value));
    const { rows } = await tx
      .query(
        `update watertight_catalog.tenant t set name = coalesce($3, name), tier = coalesce($4, tier), limits = coalesce($5, limits), metadata = coalesce($6, metadata),
           version = version + 1, updated_at = now() where t.id = $1 and t.version = $2 returning ${columns}`,
        [id, version, change.name ?? null, change.tier ?? null, json(change.limits), json(change.metadata)],
      )
      .catch((error: unknown) => {
        throw refused(error, `tenant ${id}`);
      });
    if (rows.length === 0) {
      await getTenant(tx, id);
      throw controlError("WT_CATALOG_STALE", { detail: `tenant ${id}` });
    }
    await appendAudit(tx, actor, "tenant.changed", `tenant:${id}`, { fields: Object.keys(change) });
    return rows[0] as CatalogTenant;
  });
}

/**
 * Changes a tenant's state, from one of the given states. Part of an operation's step: the caller's transaction.
 * @throws ControlError WT_CATALOG_STATE
 */
export async function moveTenantState(
  tx: Queryable,
  actor: Actor,
  id: string,
  from: readonly CatalogTenantState[],
  to: CatalogTenantState,
): Promise<void> {
  const { rows } = await tx.query(
    `update watertight_catalog.tenant set state = $3, version = version + 1, updated_at = now()
      where id = $1 and state = any ($2) and state <> $3 returning state`,
    [id, from, to],
  );
  if (rows.length === 0) {
    const tenant = await getTenant(tx, id);
    if (tenant.state === to) return;
    throw controlError("WT_CATALOG_STATE", { detail: `tenant ${id} is ${tenant.state}, not ${from.join(" or ")}` });
  }
  await appendAudit(tx, actor, `tenant.${to}`, `tenant:${id}`);
  await writeEvent(tx, `tenant.${to}`, id, {});
}
