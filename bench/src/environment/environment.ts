/**
 * The servers and databases of a run: one database with the kit at level plain and one at level sealed, holding the same rows.
 * Unscoped calls go to the sealed one, as a role that row security does not bind. Must leave nothing behind.
 */
import pg from "pg";
import { attachServer, createDatabase, startServer, type TestDatabase, type TestServer } from "@watertight/testkit";
import { loadTables } from "../data/load.ts";
import { protectTables } from "./protect.ts";

/** Levels that need a database of their own; hostile is level sealed with another runtime. */
export type DatabaseLevel = "plain" | "sealed";

/** Everything that a run connects to. */
export interface Environment {
  readonly server: TestServer;
  /** `server_version`, as the server says it. */
  readonly version: string;
  readonly databases: Readonly<Record<DatabaseLevel, TestDatabase>>;
  /** URL of the role that row security does not bind, on the sealed database. */
  readonly unscopedUrl: string;
  close(): Promise<void>;
}

// Enough for every page and every connection of a run, so that neither eviction nor a refused connection is measured.
const settings = { shared_buffers: "512MB", max_connections: "500", autovacuum: "off", max_wal_size: "4GB", checkpoint_timeout: "1h" };

/** Boots a server (or uses DATABASE_URL's) and prepares both databases. */
export async function prepareEnvironment(version: 15 | 18): Promise<Environment> {
  const url = process.env["DATABASE_URL"];
  const server = url === undefined ? await startServer({ version, settings }) : await attachServer(url);
  const made: TestDatabase[] = [];
  const close = async (): Promise<void> => {
    for (const database of made) await database.drop().catch(() => {});
    await server.stop();
  };
  try {
    const [plain, sealed] = await Promise.all([prepare(server, "plain", made), prepare(server, "sealed", made)]);
    const { rows } = await sealed.admin.query<{ server_version: string }>("show server_version");
    return {
      server,
      version: rows[0]!.server_version.split(" ")[0]!,
      databases: { plain, sealed },
      unscopedUrl: sealed.url(sealed.roles.migrator),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function prepare(server: TestServer, level: DatabaseLevel, made: TestDatabase[]): Promise<TestDatabase> {
  const database = await createDatabase(server, { kit: { level } });
  made.push(database);
  const { admin, roles } = database;
  const loader = {
    query: (text: string, values?: unknown[]) => admin.query(text, values),
    run: (text: string) => admin.query(text),
  };
  await loadTables(loader, roles.owner);
  await protectTables(admin, roles);
  return database;
}

/** A connection for looking at the server during a run; never timed. */
export async function observer(environment: Environment): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: environment.databases.sealed.adminUrl });
  client.on("error", () => {});
  await client.connect();
  return client;
}
