// Starts the application on one installed database that all tenants share, as shipped or with holes open.
import { tenantPool } from "@watertight/runtime/pg";
import pg from "pg";
import type { Fields } from "../app/parts.ts";
import type { Site } from "../database/site.ts";
import { fill } from "../database/sql-files.ts";
import type { Hole } from "../holes/hole.ts";
import { backdoors } from "./backdoors.ts";
import { serveHarbour } from "./serve-harbour.ts";
import type { Harbour } from "./serve-harbour.ts";

export async function startHarbour(
  site: Site,
  open: readonly Hole[] = [],
  ports: readonly number[] = [0],
): Promise<Harbour> {
  const { cluster, database } = site;
  await cluster.asAdmin(database, async (client) => {
    for (const hole of open)
      if (hole.database !== undefined) await client.query(fill(hole.database.up, site.variables));
  });
  const settings = {
    connectionString: cluster.url(database, cluster.roles.app),
    level: site.level,
    ...(site.key === "" ? {} : { key: site.key }),
  };
  const main = tenantPool(pg, {
    ...settings,
    max: 4,
    unscoped: { connectionString: cluster.url(database, cluster.roles.control) },
  });
  const reports = tenantPool(pg, { ...settings, max: 1 });
  const login = new pg.Pool({ connectionString: settings.connectionString, max: 1 });
  const { doors, opened } = backdoors(site);
  const pools: pg.Pool[] = [main, reports, login];
  for (const pool of pools) pool.on("error", () => {});
  const end = (): Promise<unknown> => Promise.all([...pools, ...opened].map((pool) => pool.end()));
  await main.ready().catch(async (error: unknown) => {
    await end();
    throw error;
  });
  const access = {
    main,
    reports,
    login: async (text: string, values?: unknown[]) => (await login.query<Fields>(text, values)).rows,
    end,
  };
  return serveHarbour(access, ports, (shipped) =>
    open.reduce((parts, hole) => hole.application?.(parts, doors) ?? parts, shipped),
  );
}
