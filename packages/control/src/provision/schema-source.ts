/**
 * What a new place holds: the application's tables at a version, and which of them are tenants'. Released migrations are one source, plain SQL
 * files another. Must be the same for the same version for ever: templates and schemas of a version are never edited.
 */
import type { ProtectOptions } from "@watertight/schema";
import type { Model } from "../catalog/tenants.ts";

/** A table of tenants, as `protectTable` takes it. */
export type ProtectedTable = Pick<ProtectOptions, "table" | "tenantColumn" | "tenantType" | "parent" | "index">;

/** What the statements of an upgrade may name: the schema of one tenant, and who works in it. */
export interface SchemaPlace {
  readonly schema: string | null;
  readonly tenant: string | null;
  readonly rwRole: string;
  readonly roRole: string;
}

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
  /** Tables that belong to tenants where they have a tenant column, and are shared where they have none: each is looked at when it is there. */
  readonly perhaps?: readonly string[];
  /** Statements that make the tables of one tenant's schema: names are unqualified and land there. */
  readonly schema?: readonly string[];
  /** Statements that bring a place from an older version to this one, in one transaction. Left out, or undefined: such places are refused. */
  upgrade?(model: "database" | "schema", from: number, place: SchemaPlace): readonly string[] | undefined;
  /** Statements that note, in a database that was there before us, that its schema is the one of `version`; undefined for one that is not known. */
  baseline?(version: number): readonly string[] | undefined;
  /** How the fence writes a version, for the serving gate; default: the number. */
  versionText?(version: number): string;
  /** Models that tenants of this schema can have; default: all. */
  readonly models?: readonly Model[];
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
