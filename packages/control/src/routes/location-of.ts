/** A route of the catalog as a location that a pool can connect to: references become secrets here. Must never be printed: it holds passwords. */
import type { Location } from "@watertight/runtime/pg";
import type { Secrets } from "../secrets/secrets.ts";
import type { Route } from "./route.ts";

/** A location of the catalog, with what a pool over locations wants to know. */
export interface CatalogLocationRoute extends Location {
  /** The cell: all connections to it count against one budget. */
  readonly server: string;
  readonly model: Route["model"];
  readonly schema?: string;
  /** Connection settings of the role that the server lets read only. */
  readonly readOnly: object;
}

/** @throws ControlError WT_SECRET */
export async function locationOf(route: Route, secrets: Pick<Secrets, "read">): Promise<CatalogLocationRoute> {
  // pg takes a connection string before everything else, and the pool that this replaces the settings of may have one
  const server = { connectionString: undefined, host: route.host, port: route.port, database: route.database };
  const key = route.keySecret === null ? {} : { key: await secrets.read(route.keySecret) };
  const [password, roPassword] = await Promise.all([secrets.read(route.rwSecret), secrets.read(route.roSecret)]);
  return {
    id: route.location,
    config: { ...server, user: route.rwRole, password, ...key },
    readOnly: { ...server, user: route.roRole, password: roPassword, ...key },
    server: route.cell,
    model: route.model,
    ...(route.schema === null ? {} : { schema: route.schema }),
    limits: route.limits,
  };
}
