/** Cells: the servers that tenants live on. */
import type { Queryable } from "@watertight/schema";
import { type Actor, appendAudit } from "../audit-log/append-audit.ts";
import { type CatalogPool, inTransaction, withConnection } from "../db/transaction.ts";
import { controlError } from "../errors/control-error.ts";
import { refused } from "./refused.ts";

/** Caps of a cell; provisioning stops, or goes to the next cell, at 80 % of them. */
export interface CellCaps {
  readonly maxDatabases: number;
  /** Schemas of tenants in one database. */
  readonly maxSchemas: number;
  readonly maxPoolTenants: number;
  /** Connections that applications may hold together. */
  readonly connectionBudget: number;
}

/** A server, as the catalog knows it. */
export interface Cell extends CellCaps {
  readonly id: string;
  readonly host: string;
  readonly port: number;
  /** Reference to the provisioner's connection string. */
  readonly adminSecret: string;
  readonly region: string | null;
  readonly state: "active" | "draining" | "closed";
  readonly version: string;
}

/** What a new cell needs. */
export interface NewCell extends Partial<CellCaps> {
  readonly id: string;
  readonly host: string;
  readonly port: number;
  readonly adminSecret: string;
  readonly region?: string;
}

/** Columns of a cell. */
export const cellColumns: string = `id, host, port, admin_secret as "adminSecret", region, state, max_databases as "maxDatabases", max_schemas as "maxSchemas",
  max_pool_tenants as "maxPoolTenants", connection_budget as "connectionBudget", version::text`;

/** Adds a cell. @throws ControlError WT_CATALOG_DUPLICATE, WT_CATALOG_INPUT */
export async function addCell(pool: CatalogPool, actor: Actor, cell: NewCell): Promise<Cell> {
  return inTransaction(pool, async (tx) => {
    const { rows } = await tx
      .query(
        `insert into watertight_catalog.cell (id, host, port, admin_secret, region, max_databases, max_schemas, max_pool_tenants, connection_budget)
         values ($1, $2, $3, $4, $5, coalesce($6, 1000), coalesce($7, 1000), coalesce($8, 1000000), coalesce($9, 80)) returning ${cellColumns}`,
        [
          cell.id,
          cell.host,
          cell.port,
          cell.adminSecret,
          cell.region ?? null,
          cell.maxDatabases ?? null,
          cell.maxSchemas ?? null,
          cell.maxPoolTenants ?? null,
          cell.connectionBudget ?? null,
        ],
      )
      .catch((error: unknown) => {
        throw refused(error, `cell ${cell.id}`);
      });
    await appendAudit(tx, actor, "cell.added", `cell:${cell.id}`, {
      host: cell.host,
      port: cell.port,
      region: cell.region ?? null,
    });
    return rows[0] as Cell;
  });
}

/** What can be changed about a cell. */
export type CellChange = Partial<CellCaps> & { readonly state?: Cell["state"]; readonly adminSecret?: string };

/**
 * Changes a cell that is still as it was read.
 * @param version of the cell as it was read
 * @throws ControlError WT_CATALOG_STALE, WT_CATALOG_NOT_FOUND, WT_CATALOG_INPUT
 */
export async function changeCell(
  pool: CatalogPool,
  actor: Actor,
  id: string,
  version: string,
  change: CellChange,
): Promise<Cell> {
  return inTransaction(pool, async (tx) => {
    const { rows } = await tx
      .query(
        `update watertight_catalog.cell set state = coalesce($3, state), admin_secret = coalesce($4, admin_secret), max_databases = coalesce($5, max_databases),
           max_schemas = coalesce($6, max_schemas), max_pool_tenants = coalesce($7, max_pool_tenants), connection_budget = coalesce($8, connection_budget),
           version = version + 1, updated_at = now() where id = $1 and version = $2 returning ${cellColumns}`,
        [
          id,
          version,
          change.state ?? null,
          change.adminSecret ?? null,
          change.maxDatabases ?? null,
          change.maxSchemas ?? null,
          change.maxPoolTenants ?? null,
          change.connectionBudget ?? null,
        ],
      )
      .catch((error: unknown) => {
        throw refused(error, `cell ${id}`);
      });
    if (rows.length === 0) {
      await getCell(tx, id);
      throw controlError("WT_CATALOG_STALE", { detail: `cell ${id}` });
    }
    const { adminSecret, ...told } = change;
    await appendAudit(tx, actor, "cell.changed", `cell:${id}`, {
      ...told,
      ...(adminSecret === undefined ? {} : { adminSecret: "changed" }),
    });
    return rows[0] as Cell;
  });
}

/** One cell. @throws ControlError WT_CATALOG_NOT_FOUND */
export async function getCell(db: Queryable, id: string): Promise<Cell> {
  const { rows } = await db.query(`select ${cellColumns} from watertight_catalog.cell where id = $1`, [id]);
  if (rows.length === 0) throw controlError("WT_CATALOG_NOT_FOUND", { detail: `cell ${id}` });
  return rows[0] as Cell;
}

/** All cells, by id. */
export async function listCells(pool: CatalogPool): Promise<Cell[]> {
  return withConnection(pool, async (db) => {
    const { rows } = await db.query(`select ${cellColumns} from watertight_catalog.cell order by id`);
    return rows as Cell[];
  });
}
