// Starts the application on an installed database, as shipped or with holes open, and keeps the logs of its requests.
import { tenantPool } from "@watertight/runtime/pg";
import pg from "pg";
import type { Activity } from "../app/activity.ts";
import { createApp } from "../app/app.ts";
import { createAuthority } from "../app/identity.ts";
import type { TokenAuthority } from "../app/identity.ts";
import type { Fields } from "../app/parts.ts";
import { startRunner } from "../app/runner.ts";
import { shippedParts } from "../app/shipped-parts.ts";
import type { Site } from "../database/site.ts";
import { fill } from "../database/sql-files.ts";
import type { Hole } from "../holes/hole.ts";
import { backdoors } from "./backdoors.ts";
import { listen } from "./listen.ts";

export interface Harbour {
  readonly url: string;
  readonly authority: TokenAuthority;
  activityOf(requestId: string): Activity | undefined;
  /** What GET / shows. */
  page: () => Promise<string>;
  close(): Promise<void>;
}

const KEPT_ACTIVITIES = 2000;

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
  const closePools = async (): Promise<void> => {
    await Promise.all([...pools, ...opened].map((pool) => pool.end()));
  };
  try {
    await main.ready();
    const authority = await createAuthority();
    let parts = shippedParts(authority, {
      main,
      reports,
      login: async (text, values) => (await login.query<Fields>(text, values)).rows,
    });
    for (const hole of open) parts = hole.application?.(parts, doors) ?? parts;
    const runner = startRunner();
    const activities = new Map<string, Activity>();
    const log = (activity: Activity): void => {
      activities.set(activity.requestId, activity);
      if (activities.size > KEPT_ACTIVITIES) activities.delete(activities.keys().next().value!);
    };
    const harbour = { page: async (): Promise<string> => "<title>Harbour</title>" };
    const app = createApp({ parts, runner, log, indexPage: () => harbour.page() });
    const server = await listen(app.fetch, ports);
    return Object.assign(harbour, {
      url: server.url,
      authority,
      activityOf: (requestId: string) => activities.get(requestId),
      close: async () => {
        await server.close();
        await runner.stop();
        await closePools();
      },
    });
  } catch (error) {
    await closePools();
    throw error;
  }
}
