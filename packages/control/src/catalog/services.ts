/**
 * Services and their release row: which schema versions are served. Raising the least version takes the row FOR UPDATE and looks for active
 * tenants below it, so that a creation that activates (FOR SHARE) and a release never overtake each other.
 */
import type { Queryable } from "@watertight/schema";
import { type Actor, appendAudit } from "../audit-log/append-audit.ts";
import { type CatalogPool, inTransaction } from "../db/transaction.ts";
import { controlError } from "../errors/control-error.ts";
import { refused } from "./refused.ts";

/** A service and the schema versions that it serves. */
export interface Service {
  readonly id: string;
  /** No active tenant is below it. */
  readonly minVersion: number;
  /** New tenants are made at it, others are migrated to it. */
  readonly targetVersion: number;
}

const columns = `id, min_version as "minVersion", target_version as "targetVersion"`;

/** Adds a service. @throws ControlError WT_CATALOG_DUPLICATE, WT_CATALOG_INPUT */
export async function addService(pool: CatalogPool, actor: Actor, id: string): Promise<Service> {
  return inTransaction(pool, async (tx) => {
    const { rows } = await tx
      .query(`insert into watertight_catalog.service (id) values ($1) returning ${columns}`, [id])
      .catch((error: unknown) => {
        throw refused(error, `service ${id}`);
      });
    await appendAudit(tx, actor, "service.added", `service:${id}`);
    return rows[0] as Service;
  });
}

/** One service. @throws ControlError WT_CATALOG_NOT_FOUND */
export async function getService(db: Queryable, id: string): Promise<Service> {
  const { rows } = await db.query(`select ${columns} from watertight_catalog.service where id = $1`, [id]);
  if (rows.length === 0) throw controlError("WT_CATALOG_NOT_FOUND", { detail: `service ${id}` });
  return rows[0] as Service;
}

/** Sets the version that tenants are made at and migrated to; it never goes back. Two releases queue on the row. */
export async function raiseTarget(pool: CatalogPool, actor: Actor, id: string, version: number): Promise<Service> {
  return inTransaction(pool, async (tx) => {
    await lockService(tx, id);
    const { rows } = await tx.query(
      `update watertight_catalog.service set target_version = greatest(target_version, $2), version = version + 1 where id = $1 returning ${columns}`,
      [id, version],
    );
    await appendAudit(tx, actor, "service.target", `service:${id}`, { version });
    return rows[0] as Service;
  });
}

/**
 * Ends service for older schemas: from now on no tenant below `version` is or becomes active.
 * @throws ControlError WT_CATALOG_STATE while active tenants are below it
 */
export async function raiseMinimum(pool: CatalogPool, actor: Actor, id: string, version: number): Promise<Service> {
  return inTransaction(pool, async (tx) => {
    await lockService(tx, id);
    const { rows: behind } = await tx.query(
      `select count(*)::int as n, min(tenant) as first from watertight_catalog.placement where service = $1 and state = 'active' and schema_version < $2`,
      [id, version],
    );
    if ((behind[0]!["n"] as number) > 0)
      throw controlError("WT_CATALOG_STATE", {
        detail: `${behind[0]!["n"]} active tenants are below version ${version}, ${behind[0]!["first"]} for one`,
        next: "Migrate them first: watertight migrations apply.",
      });
    const { rows } = await tx
      .query(
        `update watertight_catalog.service set min_version = greatest(min_version, $2), target_version = greatest(target_version, $2), version = version + 1
          where id = $1 returning ${columns}`,
        [id, version],
      )
      .catch((error: unknown) => {
        throw refused(error, `service ${id}`);
      });
    await appendAudit(tx, actor, "service.minimum", `service:${id}`, { version });
    return rows[0] as Service;
  });
}

/** Holds a service's row FOR UPDATE. @throws ControlError WT_CATALOG_NOT_FOUND */
export async function lockService(tx: Queryable, id: string): Promise<void> {
  const { rows } = await tx.query("select 1 from watertight_catalog.service where id = $1 for update", [id]);
  if (rows.length === 0) throw controlError("WT_CATALOG_NOT_FOUND", { detail: `service ${id}` });
}
