/**
 * The throw-away server in which migrations of strangers run: private socket, a superuser with an unguessable name and password, nothing
 * beyond the defaults that a plain role could turn against the machine. Must never be reachable from outside, and never be used for data
 * that anybody needs.
 */
import { randomBytes } from "node:crypto";
import { type PostgresServer, startPostgres } from "@watertight/embedded";
import { quoteName, quoteText } from "@watertight/schema";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { defaultLimits } from "./limits.ts";

/** The role that runs the migrations: no superuser, but may make roles and databases, and sees all rows; Supabase's `postgres` is so. */
export const OWNER = "postgres";
/** The database of a replay. */
export const DATABASE = "postgres";

/** Options of {@link openSandbox}. */
export interface SandboxOptions {
  /** Major version; default 18. */
  readonly version?: number;
  /** Folder with other binaries than the embedded ones. */
  readonly binaries?: string;
  readonly memoryBytes?: number;
  /** Gives up while it starts. */
  readonly signal?: AbortSignal;
}

/** A server for one replay after the other. */
export interface Sandbox {
  readonly server: PostgresServer;
  readonly bootMs: number;
  readonly dataFolder: string;
  /** Runs our own statement as superuser, in a database where no migration ever runs anything. */
  admin(text: string, values?: unknown[]): Promise<Record<string, unknown>[]>;
  /** An empty database `postgres` that belongs to the role `postgres`; what a replay before left is gone. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

const settings: Readonly<Record<string, string>> = {
  // functions of the schema's index expressions would run in its workers
  autovacuum: "off",
  jit: "off",
  max_connections: "40",
  max_worker_processes: "0",
  max_parallel_workers: "0",
  max_prepared_transactions: "0",
  max_wal_senders: "0",
  max_replication_slots: "0",
  wal_level: "minimal",
  shared_buffers: "32MB",
  max_wal_size: "64MB",
  min_wal_size: "32MB",
  work_mem: "8MB",
  maintenance_work_mem: "32MB",
  temp_file_limit: "256MB",
  // one transaction makes thousands of objects
  max_locks_per_transaction: "1024",
  lc_messages: "C",
  // a migration's notices must not fill the disk
  log_min_messages: "fatal",
  log_min_error_statement: "panic",
  logging_collector: "off",
};

// On 15 CREATEROLE may grant every role that is no superuser, these three included; as superusers they are out of its reach.
const serverRoles = ["pg_execute_server_program", "pg_read_server_files", "pg_write_server_files"];

/**
 * Starts a server for replays.
 * @throws EmbeddedError when it can't be started
 */
export async function openSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const started = performance.now();
  const superuser = `watertight_${randomBytes(8).toString("hex")}`;
  const server = await startPostgres({
    superuser,
    settings,
    socketOnly: true,
    memoryLimit: options.memoryBytes ?? defaultLimits.memoryBytes,
    ...(options.version === undefined ? {} : { version: options.version }),
    ...(options.binaries === undefined ? {} : { binaries: options.binaries }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  const { admin, close } = adminConnection(server);
  try {
    if (server.version < 16)
      await admin("update pg_catalog.pg_authid set rolsuper = true where rolname = any($1)", [serverRoles]);
    const [row] = await admin("select current_setting('data_directory') as folder");
    return {
      server,
      bootMs: performance.now() - started,
      dataFolder: String(row!["folder"]),
      admin,
      reset: () => reset(server, admin),
      async close() {
        await close();
        await server.stop();
      },
    };
  } catch (error) {
    await close();
    await server.stop();
    throw error;
  }
}

/** A connection that comes back: a statement that had to be killed takes every connection of the server with it. */
function adminConnection(server: PostgresServer): { admin: Sandbox["admin"]; close(): Promise<void> } {
  let current: Promise<pg.Client> | undefined;
  const connect = async (): Promise<pg.Client> => {
    for (let attempt = 1; ; attempt++) {
      const client = new pg.Client({ ...server.connection("template1"), connectionTimeoutMillis: 10_000 });
      const forget = (): void => void (current = undefined);
      client.on("error", forget);
      client.on("end", forget);
      try {
        await client.connect();
        await client.query("set lock_timeout = '5s'");
        return client;
      } catch (error) {
        await client.end().catch(() => {});
        if (attempt >= 100) throw error;
        await sleep(100);
      }
    }
  };
  return {
    async admin(text, values) {
      current ??= connect();
      const client = await current.catch((error: unknown) => {
        current = undefined;
        throw error;
      });
      return (await client.query<Record<string, unknown>>(text, values)).rows;
    },
    async close() {
      const client = await current?.catch(() => undefined);
      await client?.end().catch(() => {});
    },
  };
}

async function reset(server: PostgresServer, admin: Sandbox["admin"]): Promise<void> {
  const databases = await admin(
    "select datname as name from pg_catalog.pg_database where datname not in ('template0', 'template1')",
  );
  for (const { name } of databases) await admin(`drop database ${quoteName(String(name))} with (force)`);
  const roles = await admin("select rolname as name from pg_catalog.pg_roles where oid >= 16384");
  // rights on settings and databases hold a role, too
  for (const { name } of roles) await admin(`drop owned by ${quoteName(String(name))}`);
  for (const { name } of roles) await admin(`drop role ${quoteName(String(name))}`);
  const secret = server.everybodyNeedsPassword ? ` password ${quoteText(server.password)}` : "";
  await admin(`create role ${OWNER} login createrole createdb bypassrls${secret}`);
  await admin(`create database ${DATABASE} template template0 owner ${OWNER}`);
  const inside = new pg.Client(server.connection(DATABASE));
  inside.on("error", () => {});
  await inside.connect();
  try {
    await inside.query(handlersOfOtherLanguages);
  } finally {
    await inside.end();
  }
}

// PL/Perl and PL/Tcl are trusted extensions: an owner of the database may install them where the machine has the interpreters. Their install
// scripts make these functions first, and fail because they are there.
const handlersOfOtherLanguages = ["plperl", "pltcl"]
  .map(
    (language) =>
      `create function pg_catalog.${language}_call_handler() returns pg_catalog.language_handler language internal as 'void_in';
revoke all on function pg_catalog.${language}_call_handler() from public;`,
  )
  .join("\n");
