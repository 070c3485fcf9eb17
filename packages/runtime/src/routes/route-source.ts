/** Where tenants are served. The catalog behind it is a cache: a location's own fence has the last word. */

/** One place that serves tenants. */
export interface Location {
  /** Stable and unique; one connection pool is kept per id. */
  readonly id: string;
  /** Connection settings that replace those of the pool. */
  readonly config: object;
}

/** Finds the location of a tenant. */
export interface RouteSource {
  /**
   * @param hint set when the location known so far refused the tenant; `goto` is what its fence says, if anything
   */
  locate(tenant: string, hint?: { readonly refresh: boolean; readonly goto?: unknown }): Promise<Location>;
}
