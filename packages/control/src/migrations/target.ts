/**
 * What a migration runs in: the shared tables of a pool, one tenant's schema, one tenant's database, a silo, the application's central
 * database. Must never hold a password in a place that is printed: only `connect` has it.
 */
import type { ConnectionOptions } from "node:tls";
import { quoteName, quoteQualified } from "@watertight/schema";
import { MigrationError } from "./migration-error.ts";
import type { Scope } from "./release/scope.ts";

/** How to reach a database; a part of what `pg` accepts. The role is the kit's migrator, or may do what it may. */
export interface ConnectConfig {
  readonly connectionString?: string;
  readonly host?: string;
  readonly port?: number;
  readonly database?: string;
  readonly user?: string;
  readonly password?: string | (() => string | Promise<string>);
  readonly ssl?: boolean | ConnectionOptions;
}

/** Isolation model of a target. */
export type TargetModel = "pool" | "schema" | "database" | "silo" | "catalog";

/** The logins of a place of the control plane. */
export interface PlaceLogins {
  /** It was there before the control plane was. */
  readonly adopted?: boolean;
  readonly rwRole: string;
  readonly roRole: string;
}

/** One target of a release. */
export interface Target {
  /** Tenant slug, or a name of the database; unique among the targets of a run. */
  readonly id: string;
  readonly model: TargetModel;
  readonly connect: ConnectConfig;
  /** The tenant's schema; of model schema. */
  readonly schema?: string;
  /**
   * Ids of its tenants as the fence knows them, whose schema version follows; default: the id for a schema, all tenants of the database otherwise
   * (name them where schema tenants live in the same database as a pool).
   */
  readonly tenants?: readonly string[];
  /** Behind the tenant's schema on the search path, for example where extensions live. */
  readonly searchPath?: readonly string[];
  /** It is a place that the control plane knows: what is new there is closed as provisioning closes it, and its own version moves along. */
  readonly place?: PlaceLogins;
  /** Targets of one server share a concurrency limit; default host and port. */
  readonly server?: string;
}

/** Which migrations concern a model. */
export function scopeOf(model: TargetModel): Scope {
  if (model === "catalog") return "catalog";
  return model === "pool" || model === "silo" ? "pool" : "tenant";
}

/**
 * Refuses a target that is not complete.
 * @throws MigrationError WT_MIGRATION_TARGET
 */
export function requireTarget(target: Target): void {
  if (target.id === "") throw new MigrationError("WT_MIGRATION_TARGET", { detail: "a target without an id" });
  if ((target.model === "schema") !== (target.schema !== undefined && target.schema !== ""))
    throw new MigrationError("WT_MIGRATION_TARGET", {
      detail: `${target.id}: model schema has a schema, no other model has one`,
    });
}

/** Whether new tables with a tenant column go under the kit in the transaction that makes them. */
export function protectsNew({ model, place }: Target): boolean {
  return model === "pool" || model === "silo" || (model === "database" && place !== undefined);
}

/** The fence of a place's tenants: condition over `watertight.fence`; schema tenants of the same database have versions of their own. */
export function sharedRows({ place }: Target): string {
  return place === undefined ? "true" : "schema_name is null";
}

/** Where the target keeps its ledger, quoted. */
export function ledgerOf(target: Target): string {
  return target.schema === undefined ? "watertight.release_ledger" : quoteQualified(target.schema, ledgerTable);
}

/** The ledger's name in a tenant's own schema. */
export const ledgerTable = "watertight_release_ledger";

/** The search path of a schema tenant; undefined where the role's own holds. A temporary table must never stand before a tenant's. */
export function searchPathOf(target: Target): string | undefined {
  if (target.schema === undefined) return undefined;
  return [...[target.schema, ...(target.searchPath ?? [])].map(quoteName), "pg_temp"].join(", ");
}

/** The same database gives the same key. */
export function databaseKey({ connect }: Target): string {
  const { connectionString = "", host = "", port = "", database = "", user = "" } = connect;
  return JSON.stringify([connectionString, host, port, database, user]);
}

/** The server of a target, for limits. */
export function serverKey(target: Target): string {
  if (target.server !== undefined) return target.server;
  const { connectionString, host = "", port = 5432 } = target.connect;
  if (connectionString === undefined) return `${host}:${port}`;
  try {
    const url = new URL(connectionString);
    return `${url.hostname}:${url.port || 5432}`;
  } catch {
    return connectionString.replace(/password=\S+/i, "");
  }
}
