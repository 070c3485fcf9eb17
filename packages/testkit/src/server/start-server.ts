// Starts a throwaway PostgreSQL for tests: @watertight/embedded with the settings that many databases and connections at once want.
// Must never use a port other than on loopback: authentication is `trust`.
import { EmbeddedError, startPostgres } from "@watertight/embedded";
import { type EmbeddedVersion, ownBinaries } from "./binaries.ts";
import { TestServerError } from "./errors.ts";
import { serverFrom, type TestServer } from "./test-server.ts";

/** Options of {@link startServer}. */
export interface StartServerOptions {
  /** Major version; default 18. */
  version?: EmbeddedVersion;
  /** postgresql.conf settings; they win over the test defaults (fsync and synchronous_commit off). */
  settings?: Record<string, string>;
  /** Name of the bootstrap superuser; default `postgres`. */
  superuser?: string;
  /** Fills the data folder in place of initdb: see `startStandby`. */
  fill?: (data: string) => Promise<void>;
  /** `memory` (default): data on a memory file system where there is a roomy one; `disk`: never. */
  storage?: "memory" | "disk";
}

/** A server of one test, which may also be killed. */
export interface OwnServer extends TestServer {
  /** Kills it as `kill -9` does and starts it again on the same data and port. Settings must not promise less than the test asks (`synchronous_commit`). */
  crash(): Promise<void>;
}

const DEFAULTS: Record<string, string> = {
  autovacuum: "on",
  max_connections: "200",
  shared_buffers: "64MB",
  max_wal_size: "512MB",
};

/**
 * Starts an embedded server on a free port of 127.0.0.1.
 * @throws TestServerError `WT_TEST_NO_BINARIES` | `WT_TEST_INITDB_FAILED` | `WT_TEST_SERVER_FAILED`
 * @example
 * const server = await startServer({ version: 18 });
 * try { await use(server.url()); } finally { await server.stop(); }
 */
export async function startServer(options: StartServerOptions = {}): Promise<OwnServer> {
  const version = options.version ?? 18;
  try {
    const binaries = ownBinaries(version);
    const { superuser, storage, fill } = options;
    const server = await startPostgres({
      version,
      settings: { ...DEFAULTS, ...options.settings },
      ...(binaries === undefined ? {} : { binaries }),
      ...(superuser === undefined ? {} : { superuser }),
      ...(storage === undefined ? {} : { storage }),
      ...(fill === undefined ? {} : { fill }),
    });
    const described = serverFrom(
      {
        version,
        host: server.host,
        port: server.port,
        superuser: server.superuser,
        logPath: server.logPath,
        embedded: true,
        password: "",
        query: "",
      },
      () => server.stop(),
    );
    return { ...described, crash: () => server.crash() };
  } catch (error) {
    throw error instanceof EmbeddedError ? asTestError(error) : error;
  }
}

function asTestError(error: EmbeddedError): TestServerError {
  const { code, message } = error;
  if (code === "WT_EMBEDDED_NO_BINARIES")
    return new TestServerError(
      "WT_TEST_NO_BINARIES",
      `${message} Tests: set DATABASE_URL to a PostgreSQL server (15 to 18) of your own.`,
      { cause: error },
    );
  const mine = code === "WT_EMBEDDED_INITDB_FAILED" ? "WT_TEST_INITDB_FAILED" : "WT_TEST_SERVER_FAILED";
  return new TestServerError(mine, message, { cause: error });
}
