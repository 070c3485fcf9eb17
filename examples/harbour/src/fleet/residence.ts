// Where one tenant lives, with everything that its own login can know about the place.
import type { CatalogRoutes } from "@watertight/control";
import type { Cluster } from "../database/cluster.ts";
import { namesIn } from "../database/names.ts";
import type { Names } from "../database/names.ts";
import type { Model } from "./models.ts";

export interface Residence {
  readonly tenant: string;
  readonly model: Model;
  /** Id of the location in the catalog. */
  readonly location: string;
  readonly database: string;
  readonly schema: string | undefined;
  readonly names: Names;
  /** Login of the place that reads and writes. */
  readonly role: string;
  /** Connection string of that login. */
  readonly url: string;
  /** The key that contexts of the place are opened with. */
  readonly key: string;
}

/** Asks the catalog, as the application does. */
export async function residenceOf(routes: CatalogRoutes, cluster: Cluster, tenant: string): Promise<Residence> {
  const { id, model, schema, config } = await routes.locate(tenant);
  const { database, user, password, key } = config as Record<"database" | "user" | "password" | "key", string>;
  const url = new URL(cluster.url(database, user));
  url.password = encodeURIComponent(password);
  return { tenant, model, location: id, database, schema, names: namesIn(schema), role: user, url: url.href, key };
}
