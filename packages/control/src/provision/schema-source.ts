/**
 * What a new place holds: the application's tables at a version, and which of them are tenants'. Released migrations are one source, plain SQL
 * files another. Must be the same for the same version for ever: templates and schemas of a version are never edited.
 */
import type { ProtectOptions } from "@watertight/schema";

/** A table of tenants, as `protectTable` takes it. */
export type ProtectedTable = Pick<ProtectOptions, "table" | "tenantColumn" | "tenantType" | "parent" | "index">;

/** The schema of a service. */
export interface SchemaSource {
  /** The version that new places get. */
  readonly version: number;
  /**
   * Statements that make the tables of a template database, in order, run as the kit's owner. They name what is not in `public`.
   */
  readonly database: readonly string[];
  /** Tables of the template database that belong to tenants; the rest is shared. */
  readonly tables: readonly ProtectedTable[];
  /** Statements that make the tables of one tenant's schema: names are unqualified and land there. */
  readonly schema?: readonly string[];
  /** Statements that bring a place from an older version to this one, in one transaction. Left out: such places are refused. */
  upgrade?(model: "database" | "schema", from: number): readonly string[];
  /** Settings of databases made from the template, for example `{ timezone: "UTC" }`. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** What provisioning needs of its surroundings. */
export interface ProvisioningSetting {
  /** The newest schema of a service. */
  readonly schemaOf: (service: string) => Promise<SchemaSource>;
  /** Start of the names of the kit's roles in databases made from templates; default `watertight_silo`. */
  readonly classPrefix?: string;
  /** Connections that the roles of one database may hold together; default 20. */
  readonly connectionLimit?: number;
  /** How long a deleted tenant's data stays, in milliseconds; default 30 days. */
  readonly graceMs?: number;
}
