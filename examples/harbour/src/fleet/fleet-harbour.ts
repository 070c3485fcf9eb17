// Starts the application over a fleet: the same handlers, one pool over all places, routes from the catalog. `wrongRoutes` stands for a catalog
// that is wrong, which an attempt needs; nothing else uses it.
import type { RouteSource } from "@watertight/runtime/pg";
import { fleetPool } from "@watertight/runtime/fleet";
import pg from "pg";
import type { Fields } from "../app/parts.ts";
import { serveHarbour } from "../server/serve-harbour.ts";
import type { Harbour } from "../server/serve-harbour.ts";
import type { Fleet } from "./fleet.ts";

export interface FleetHarbour extends Harbour {
  /** Runs `work` while a tenant's route leads to another tenant's place. */
  misrouted<T>(tenant: string, to: string, work: () => Promise<T>): Promise<T>;
}

export async function startFleetHarbour(fleet: Fleet, ports: readonly number[] = [0]): Promise<FleetHarbour> {
  const { cluster, companies, residences } = fleet;
  const wrongRoutes = new Map<string, string>();
  const routes: RouteSource = {
    locate: (tenant, hint) => fleet.routes.locate(wrongRoutes.get(tenant) ?? tenant, hint),
  };
  const settings = {
    // what a location says replaces this; what it does not say (TLS) stays
    connectionString: cluster.url("postgres"),
    routes,
    // what all tenants share, for those with a schema of their own
    sharedSchemas: ["directory"],
  };
  // a place's login may hold 20 connections; the act is played on two instances at once
  const main = fleetPool(pg, { ...settings, budget: 12, instances: 2 });
  // one connection for the reports of all tenants of all places: the worst case for leftovers
  const reports = fleetPool(pg, { ...settings, budget: 1, holdMs: 0, patienceMs: 0 });
  const directory = residences.get(companies.pool[0]!.id)!;
  const login = new pg.Pool({ connectionString: directory.url, max: 1 });
  for (const pool of [main, reports, login]) pool.on("error", () => {});
  const access = {
    main,
    reports,
    login: async (text: string, values?: unknown[]) => (await login.query<Fields>(text, values)).rows,
    end: () => Promise.all([main.end(), reports.end(), login.end()]),
  };
  const harbour = await serveHarbour(access, ports);
  const forget = (tenant: string): void => {
    for (const pool of [main, reports]) pool.forget(tenant);
  };
  return Object.assign(harbour, {
    misrouted: async <T>(tenant: string, to: string, work: () => Promise<T>) => {
      wrongRoutes.set(tenant, to);
      forget(tenant);
      try {
        return await work();
      } finally {
        wrongRoutes.delete(tenant);
        forget(tenant);
      }
    },
  });
}
