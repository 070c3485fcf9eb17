/**
 * The servers and databases of a run: one database with the kit at level plain and one at level sealed, holding the same rows.
 * Unscoped calls go to the sealed one, as a role that row security does not bind. Must leave nothing behind.
 */
import pg from "pg";
import { installKit } from "@watertight/schema";
import {
  attachServer,
  createDatabase,
  describeServerAt,
  dropRun,
  startServer,
  type TestDatabase,
  type TestServer,
} from "@watertight/testkit";
import { loadTables } from "../data/load.ts";
import { fullRows } from "../data/tables.ts";
import { type PgliteInstances, startPglite } from "./pglite.ts";
import { protectTables } from "./protect.ts";

/** Levels that need a database of their own; hostile is level sealed with another runtime. */
type DatabaseLevel = "plain" | "sealed";

/** Everything that a run connects to. */
export interface Environment {
  readonly server: TestServer;
  /** `server_version`, as the server says it. */
  readonly version: string;
  readonly databases: Readonly<Record<DatabaseLevel, TestDatabase>>;
  /** Rows of the big table that were asked for. */
  readonly rows: number;
  /** URL of the role that row security does not bind, on the sealed database. */
  readonly unscopedUrl: string;
  /** PGlite instances with the same kind of data, booted at the first call. */
  pglite(): Promise<PgliteInstances>;
  close(): Promise<void>;
}

// Enough for every page and every connection of a run, so that neither eviction nor a refused connection is measured.
const settings = {
  shared_buffers: "512MB",
  max_connections: "500",
  autovacuum: "off",
  max_wal_size: "4GB",
  checkpoint_timeout: "1h",
};

/** What to prepare. */
export interface EnvironmentOptions {
  /** Version of the embedded server; DATABASE_URL wins. */
  readonly version: 15 | 18;
  /** Boot PGlite as well. */
  readonly pglite?: boolean;
  /** A running server, which is left running. */
  readonly server?: TestServer;
  /** Rows of the big table; default about 190,000. */
  readonly rows?: number;
}

/** Boots a server (or uses DATABASE_URL's) and prepares both databases, and PGlite where it is wanted. */
export async function prepareEnvironment(options: EnvironmentOptions): Promise<Environment> {
  const url = options.server === undefined ? process.env["DATABASE_URL"] : undefined;
  const server =
    options.server ??
    (url === undefined ? await startServer({ version: options.version, settings }) : await attachServer(url));
  const made: TestDatabase[] = [];
  const rows = options.rows ?? fullRows;
  // Beside the server's boot and not later, where it would disturb a measurement.
  let instances = options.pglite ? startPglite() : undefined;
  instances?.catch(() => {});
  const close = async (): Promise<void> => {
    await instances?.then(
      (started) => started.close(),
      () => {},
    );
    for (const database of made) await database.drop().catch(() => {});
    if (url !== undefined && made[0] !== undefined) await dropRun(await describeServerAt(url), runOf(made[0]));
    if (options.server === undefined) await server.stop();
  };
  try {
    const { plain, sealed } = await makeDatabases(server, made, rows);
    await instances;
    const shown = await sealed.admin.query<{ server_version: string }>("show server_version");
    return {
      server,
      version: shown.rows[0]!.server_version.split(" ")[0]!,
      databases: { plain, sealed },
      rows,
      unscopedUrl: sealed.url(sealed.roles.migrator),
      pglite: () => (instances ??= startPglite()),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

// Rows and indexes are made once; both databases are copies, and one of them is then brought to level plain.
async function makeDatabases(
  server: TestServer,
  made: TestDatabase[],
  rows: number,
): Promise<Record<DatabaseLevel, TestDatabase>> {
  const seed = await createDatabase(server, { kit: { level: "sealed" } });
  made.push(seed);
  const { admin, roles, key } = seed;
  await loadTables(
    { query: (text, values) => admin.query(text, values), run: (text) => admin.query(text) },
    roles.owner,
    rows,
  );
  await protectTables(admin);
  // A database with a connection can't be copied.
  await admin.end();
  const copy = async (): Promise<TestDatabase> => {
    const database = await createDatabase(server, { template: seed.name });
    made.push(database);
    return database;
  };
  const plain = await copy();
  await installKit(plain.admin, { level: "plain", roles });
  return { plain, sealed: { ...(await copy()), key } };
}

// Every name that the test kit makes on a server begins with wt and the run's id.
function runOf(database: TestDatabase): string {
  return database.name.slice(2, database.name.indexOf("_"));
}

/** A connection for looking at the server during a run; never timed. */
export async function observer(environment: Environment): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: environment.databases.sealed.adminUrl });
  client.on("error", () => {});
  await client.connect();
  return client;
}
