/**
 * Puts the parts together: one instance of postgres.js in, queries that always have a tenant out.
 */
import type { Handshake } from "../../scope/profile.ts";
import { type ScopeOptions, ScopeSettings } from "../../scope/settings.ts";
import type { RouteSource } from "../../routes/route-source.ts";
import { Engine } from "./engine.ts";
import { type Connect, Locations } from "./locations.ts";
import { Reporter } from "./reporter.ts";
import { checkSql, type PostgresJsLike } from "./shapes.ts";
import { makeQueries, type TenantDb, type TenantQueries } from "./tenant-db.ts";
import { runUnscoped, type UnscopedOptions } from "./unscoped.ts";

/** Options of {@link tenantSql}. */
export interface TenantSqlOptions<S> extends ScopeOptions {
  /** Where tenants are served, when not all of them are in one database; needs `connect`. */
  readonly routes?: RouteSource | undefined;
  /** Makes an instance for a location's settings: `(config) => postgres(config)`. Its instances are ended by `end`. */
  readonly connect?: Connect | undefined;
  /** Instance for {@link TenantSql.unscoped}, logged in with a role of its own. */
  readonly unscoped?: S | undefined;
  /** Report ids that find no row, out of band (requireRow); default true. */
  readonly report?: boolean | undefined;
}

/** Queries as the ambient tenant, and the way to everything else. */
export interface TenantSql<S> extends TenantQueries<S> {
  /**
   * Queries as one tenant. An ambient tenant, where there is one, must be the same.
   * @throws ContextError WT_TENANT_INVALID
   */
  for(tenant: string): TenantDb<S>;
  /** The start-up probe; run before the first query as well. @throws ConfigurationError */
  ready(): Promise<Handshake>;
  /**
   * Runs `fn` with the instance given as option `unscoped`, after the reason was written to watertight.audit.
   * @throws ConfigurationError WT_UNSCOPED without a reason or an instance
   */
  unscoped<R>(options: UnscopedOptions, fn: (sql: S) => Promise<R>): Promise<R>;
  /** Waits for reports and ends the instances made by `connect`. Your own instance is yours to end. */
  end(): Promise<void>;
}

/**
 * Tenant isolation under postgres.js: hand in your instance, and use it through the result only. Queries made with the
 * instance itself are not scoped; under row security they see nothing.
 * @param sql your instance, made by `postgres(...)`, version 3.4 or newer, logged in as the app role
 * @throws ConfigurationError WT_DRIVER_UNSUPPORTED, WT_CONFIG, WT_KEY_INVALID
 * @example
 * import postgres from "postgres";
 * const db = tenantSql(postgres(process.env.DATABASE_URL));
 * const rows = await tenancy.run(tenantId, () => db.sql`select * from invoice where paid = ${false}`);
 */
export function tenantSql<S extends PostgresJsLike>(sql: S, options: TenantSqlOptions<S> = {}): TenantSql<S> {
  const settings = new ScopeSettings(options);
  const home = new Engine(checkSql(sql), settings);
  const locations = new Locations(home, options.routes, options.connect);
  const reporter = new Reporter(locations, options.report ?? true);
  const around = { locations, settings, reporter };
  return {
    ...makeQueries<S>(around, undefined),
    for(tenant) {
      const canonical = settings.canonical(tenant);
      return { tenant: canonical, ...makeQueries<S>(around, canonical) };
    },
    ready: () => home.ready(),
    unscoped: (reason, fn) => runUnscoped(options.unscoped, reason, fn),
    async end() {
      await reporter.end();
      await locations.end();
    },
  };
}
