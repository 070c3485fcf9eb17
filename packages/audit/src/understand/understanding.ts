/**
 * What the schema means: who is a tenant, how a row finds its tenant, which roles the application uses, where the context comes from. Every
 * statement carries its evidence, and every one can be overridden in watertight.config.ts.
 */
import type { QualifiedName } from "@watertight/schema";

/** Why we think so, as sentences for a person; `declared` when the config says so. */
export interface Evidence {
  readonly source: "declared" | "inferred";
  readonly because: readonly string[];
}

/** How rows of a table find their tenant. */
export type Tenancy =
  /**
   * The table has the column. For one user = one tenant schemas it is the owner column. `holds` is "user" where tenants are organisations but
   * the row belongs to one person (profiles, settings): another tenant's people must not reach it either.
   */
  | { readonly kind: "column"; readonly column: string; readonly type: string; readonly holds?: "user" }
  /** By foreign key; `columns` lead to `parent`, which has a tenancy of its own. */
  | {
      readonly kind: "derived";
      readonly columns: readonly string[];
      readonly parent: QualifiedName;
      readonly parentColumns: readonly string[];
    }
  /** The table of the tenants themselves: its key is the tenant. */
  | { readonly kind: "tenants"; readonly column: string; readonly type: string }
  /** Shared by all. */
  | { readonly kind: "global" }
  /** Nobody can tell: reported, never guessed. */
  | { readonly kind: "unknown" };

/** One table and its tenancy. */
export interface TenantTable {
  readonly relation: QualifiedName;
  readonly tenancy: Tenancy;
  readonly evidence: Evidence;
  /** Rows that are public by declaration: an SQL condition. */
  readonly publicRows: string | null;
}

/**
 * A table that knows whose a session is: the context holds a value of its `column`, and `person` of that row is the user. What the setting holds
 * is a secret of its user then, and no id.
 */
export interface SessionTable {
  readonly relation: QualifiedName;
  readonly column: string;
  readonly person: string;
  /** Type of `column`. */
  readonly type: string;
}

/** Where policies learn the tenant from. */
export type ContextSource =
  /** current_setting(name) holds the tenant. */
  | {
      readonly kind: "setting";
      readonly setting: string;
      readonly holds: "tenant" | "user";
      readonly session?: SessionTable;
    }
  /** A JSON setting (request.jwt.claims), read as auth.uid() or a claim path. */
  | {
      readonly kind: "claims";
      readonly setting: string;
      readonly path: readonly string[];
      readonly holds: "tenant" | "user";
      readonly session?: SessionTable;
    }
  /** The watertight kit. */
  | { readonly kind: "kit" }
  /** A role per tenant or user: current_user. */
  | { readonly kind: "role" };

/** How a user belongs to tenants. */
export interface MembershipTable {
  readonly relation: QualifiedName;
  readonly userColumn: string;
  readonly tenantColumn: string;
  /** The column with the rank, and the value that may do most. */
  readonly role: { readonly column: string; readonly highest: string | null } | null;
}

/** A role that requests of tenants run as. */
export interface ApplicationRole {
  readonly name: string;
  /** anonymous: no signed-in user (Supabase anon). service: bypasses by design (service_role), not given to tenants. */
  readonly kind: "tenant" | "anonymous" | "service";
  /** The role that logs in, when it only SETs to `name`. */
  readonly login: string;
  readonly evidence: Evidence;
}

/** The understanding of one schema. */
export interface Understanding {
  readonly tables: readonly TenantTable[];
  readonly roles: readonly ApplicationRole[];
  readonly context: readonly ContextSource[];
  readonly memberships: readonly MembershipTable[];
  /** A tenant is a user. */
  readonly perUser: boolean;
  readonly evidence: readonly { readonly about: string; readonly evidence: Evidence }[];
}
