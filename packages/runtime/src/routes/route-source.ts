/** Where tenants are served. The catalog behind it is a cache: a location's own fence has the last word. */

/** How tenants are kept apart at a location. */
export type Model = "pool" | "schema" | "database" | "silo";

/** What a tenant may use of a server, by its plan. All of it is per application instance. */
export interface TenantLimits {
  /** Share of the connections against other tenants, 1 to 100; default 1. */
  readonly weight?: number | undefined;
  /** Most connections at once; default: its fair share. */
  readonly cap?: number | undefined;
  /** Connections of its location that are not closed for other tenants; default 0. */
  readonly reserved?: number | undefined;
  /** Most calls that may wait; default: the pool's. */
  readonly queueLimit?: number | undefined;
  /** How long a call may wait, in milliseconds; default: the pool's. */
  readonly queueTimeoutMs?: number | undefined;
}

/** One place that serves tenants. */
export interface Location {
  /** Stable and unique; one connection pool is kept per id. */
  readonly id: string;
  /** Connection settings that replace those of the pool: database, role, kit key. */
  readonly config: object;
  /** The physical server (or cell) that all connections count against; default: host and port. Only `fleetPool` reads this and what follows. */
  readonly server?: string | undefined;
  readonly model?: Model | undefined;
  /** The tenant's own schema: unqualified names mean its tables. The fence must agree. */
  readonly schema?: string | undefined;
  /** Connection settings for `{ readOnly: true }`: a role that the server lets read only. */
  readonly readOnly?: object | undefined;
  readonly limits?: TenantLimits | undefined;
}

/** Set when the location known so far refused the tenant; `goto` is what its fence says, if anything. */
export interface RouteHint {
  readonly refresh: boolean;
  readonly goto?: unknown;
}

/** Finds the location of a tenant. */
export interface RouteSource {
  locate(tenant: string, hint?: RouteHint): Promise<Location>;
}
