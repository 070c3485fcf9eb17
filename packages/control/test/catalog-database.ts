/** A database with a catalog and a queue, and connections as each of the catalog's roles. */
import { createDatabase, type TestDatabase, type TestServer } from "@watertight/testkit";
import pg from "pg";
import { type CatalogRoles, defaultCatalogRoles } from "../src/catalog/catalog-roles.ts";
import { installCatalog } from "../src/catalog/install-catalog.ts";
import { installQueue } from "../src/operations/queue.ts";

export interface CatalogDatabase {
  readonly db: TestDatabase;
  readonly roles: CatalogRoles;
  readonly url: Readonly<Record<keyof CatalogRoles, string>>;
  /** Connections as the control role. */
  readonly pool: pg.Pool;
  /** A connection as another role of the catalog, closed with the rest. */
  as(kind: keyof CatalogRoles): Promise<pg.Client>;
  close(): Promise<void>;
}

export async function catalogDatabase(server: TestServer): Promise<CatalogDatabase> {
  const db = await createDatabase(server);
  // roles belong to the server, which all tests of a run share
  const roles = Object.fromEntries(
    Object.entries(defaultCatalogRoles).map(([kind, name]) => [kind, `${name}_${db.name}`.slice(0, 63)]),
  ) as unknown as CatalogRoles;
  await installCatalog(db.admin, { roles });
  await installQueue(db.admin, roles);
  const urlOf = (role: string): string => {
    const url = new URL(db.adminUrl);
    url.username = encodeURIComponent(role);
    return url.href;
  };
  const url = Object.fromEntries(
    Object.entries(roles).map(([kind, name]) => [kind, urlOf(name)]),
  ) as CatalogDatabase["url"];
  const pool = new pg.Pool({ connectionString: url.control, max: 5 });
  // a test may end all connections of the database
  pool.on("error", () => {});
  const clients: pg.Client[] = [];
  return {
    db,
    roles,
    url,
    pool,
    async as(kind) {
      const client = new pg.Client({ connectionString: url[kind] });
      client.on("error", () => {});
      clients.push(client);
      await client.connect();
      return client;
    },
    async close() {
      for (const client of clients) await client.end();
      await pool.end();
      await db.drop();
      const admin = new pg.Client({ connectionString: server.url() });
      await admin.connect();
      for (const role of Object.values(roles)) await admin.query(`drop role if exists ${pg.escapeIdentifier(role)}`);
      await admin.end();
    },
  };
}
