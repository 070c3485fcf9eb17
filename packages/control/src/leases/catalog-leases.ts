/**
 * Shares of a cell's connections, leased out by the catalog to the instances of an application, wherever they run. The rule is the runtime's
 * `grantLease`; the catalog itself refuses what would be more than the budget, and changes of a lease by whoever does not know its secret. A
 * catalog that is away costs the lease in time, never a request.
 */
import { randomBytes } from "node:crypto";
import { type BudgetLease, grantLease, type LeaseEntry } from "@watertight/runtime/fleet";
import pg from "pg";
import { inTransaction } from "../db/transaction.ts";

/** How leases are held. */
export interface CatalogLeasesOptions {
  /** Connection string of the catalog, as its router role. */
  readonly url: string;
  /** Most instances of the application at once, deployments included: the same number in all of them, and in `fleetPool`. */
  readonly instances: number;
  /** How long a lease holds, in milliseconds; default 30,000. */
  readonly ttlMs?: number;
  /** What proves that a lease is one's own; default: made up. One that is kept lets a restarted process of the same name take over its share. */
  readonly secret?: string;
  /** How long the catalog may take to answer, in milliseconds; default 2,000. */
  readonly timeoutMs?: number;
  /** Told of connections that break beside a request. */
  readonly failed?: (error: Error) => void;
}

/** Leases of the catalog; close them after the pool. */
export interface CatalogLeases extends BudgetLease {
  close(): Promise<void>;
}

interface Standing {
  readonly budget: number;
  readonly now: number;
  readonly entries: readonly LeaseEntry[];
}

/**
 * Opens them. The budget is the cell's `connection_budget`; give `fleetPool` the same.
 * @example const leases = catalogLeases({ url: process.env.CATALOG_URL, instances: 4 });
 *   const pool = fleetPool(pg, { routes, leases, instances: 4, budget: 80 });
 */
export function catalogLeases(options: CatalogLeasesOptions): CatalogLeases {
  const { url, instances, ttlMs = 30_000, timeoutMs = 2000, failed = () => {} } = options;
  const secret = options.secret ?? randomBytes(24).toString("base64url");
  const pool = new pg.Pool({
    connectionString: url,
    max: 2,
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs,
    application_name: "watertight leases",
    allowExitOnIdle: true,
  });
  pool.on("error", failed);
  pool.on("connect", (client) => client.on("error", () => {}));
  return {
    renew: (request) =>
      inTransaction(pool, async (tx) => {
        const { rows } = await tx.query("select watertight_catalog.read_leases($1) as standing", [request.server]);
        const { budget, now, entries } = rows[0]!["standing"] as Standing;
        const { entry, grant } = grantLease(entries, request, { budget, instances, ttlMs }, now);
        await tx.query("select watertight_catalog.write_lease($1, $2, $3, $4, $5, $6, $7, $8)", [
          request.server,
          entry.instance,
          secret,
          entry.share,
          entry.held,
          entry.wanted,
          instances,
          ttlMs,
        ]);
        return grant;
      }),
    release: async (server, instance) =>
      inTransaction(pool, async (tx) => {
        await tx.query("select watertight_catalog.end_lease($1, $2, $3)", [server, instance, secret]);
      }),
    close: () => pool.end(),
  };
}
