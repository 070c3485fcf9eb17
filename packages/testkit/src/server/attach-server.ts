// Uses a server that somebody else runs (DATABASE_URL) in place of an embedded one. Must never stop it, and never repeat the
// URL in an error: it holds a password.
import pg from "pg";
import { TestServerError } from "./errors.ts";
import { serverFrom, type ServerDescription, type TestServer } from "./test-server.ts";

/** Oldest and newest major version we support. */
export const SUPPORTED_VERSIONS: readonly [number, number] = [15, 18];

/**
 * Connects once and describes the server.
 * @throws TestServerError `WT_TEST_DATABASE_URL` when it can't be reached, is not PostgreSQL 15 to 18, or its user may not create databases and roles.
 */
export async function describeServerAt(databaseUrl: string): Promise<ServerDescription> {
  const url = parse(databaseUrl);
  const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 10_000 });
  client.on("error", () => {});
  try {
    await client.connect();
  } catch (cause) {
    await client.end().catch(() => {});
    throw refused(`DATABASE_URL names a server that can't be reached (${url.hostname}).`, cause);
  }
  try {
    const { rows } = await client.query<{ number: number; name: string; able: boolean }>(
      `select current_setting('server_version_num')::int as number, current_user as name,
              (rolsuper or (rolcreatedb and rolcreaterole)) as able
       from pg_catalog.pg_roles where rolname = current_user`,
    );
    const row = rows[0];
    if (!row) throw refused("DATABASE_URL: the server did not say who we are.");
    const version = checkedVersion(row.number);
    if (!row.able)
      throw refused(`DATABASE_URL: role ${row.name} needs CREATEDB and CREATEROLE to make test databases.`);
    return {
      version,
      host: url.hostname.replace(/^\[|\]$/g, "") || "localhost",
      port: Number(url.port || 5432),
      superuser: row.name,
      logPath: "",
      embedded: false,
      password: decodeURIComponent(url.password),
      query: url.search,
    };
  } finally {
    await client.end();
  }
}

/** A handle on the server at `databaseUrl`; its stop() does nothing. Throws like {@link describeServerAt}. */
export async function attachServer(databaseUrl: string): Promise<TestServer> {
  return serverFrom(await describeServerAt(databaseUrl));
}

/** The major version of a `server_version_num`; throws when we do not support it. */
export function checkedVersion(serverVersionNum: number): number {
  const version = Math.floor(serverVersionNum / 10_000);
  const [oldest, newest] = SUPPORTED_VERSIONS;
  if (version >= oldest && version <= newest) return version;
  throw refused(`DATABASE_URL: PostgreSQL ${version} is not supported; use ${oldest} to ${newest}.`);
}

function parse(text: string): URL {
  try {
    const url = new URL(text);
    if (/^postgres(ql)?:$/.test(url.protocol)) return url;
  } catch {
    // Falls through: the URL class would repeat the whole text, password included, in its message.
  }
  throw refused("DATABASE_URL is not a postgres:// URL.");
}

function refused(message: string, cause?: unknown): TestServerError {
  return new TestServerError("WT_TEST_DATABASE_URL", message, cause === undefined ? undefined : { cause });
}
