// A PostgreSQL server as tests see it. Must never hold anything that cannot cross a process border: vitest starts the servers
// once and hands their descriptions to its workers.

/** A server for tests. */
export interface TestServer {
  /** Major version, 15 to 18. */
  version: number;
  host: string;
  port: number;
  superuser: string;
  /** `postgres://` URL; embedded servers trust loopback, so any user logs in without a password. */
  url(database?: string, user?: string): string;
  /** The server's log; empty for a server reached through DATABASE_URL. */
  logPath: string;
  /** True when this run started the server: false means somebody else's server (DATABASE_URL). */
  embedded: boolean;
  /** Stops the server and removes its files. Does nothing on a server that this call's process did not start. */
  stop(): Promise<void>;
}

/** The part of a {@link TestServer} that can be sent to another process. */
export interface ServerDescription {
  version: number;
  host: string;
  port: number;
  superuser: string;
  logPath: string;
  embedded: boolean;
  /** Query string and password of DATABASE_URL; empty for embedded servers. */
  password: string;
  query: string;
}

/** Rebuilds a server handle from its description. */
export function serverFrom(
  description: ServerDescription,
  stop: () => Promise<void> = () => Promise.resolve(),
): TestServer {
  const { version, host, port, superuser, logPath, embedded, password, query } = description;
  return {
    version,
    host,
    port,
    superuser,
    logPath,
    embedded,
    stop,
    url(database = "postgres", user = superuser) {
      const secret = user === superuser && password !== "" ? `:${encodeURIComponent(password)}` : "";
      const address = host.includes(":") ? `[${host}]` : host;
      return `postgres://${encodeURIComponent(user)}${secret}@${address}:${port}/${encodeURIComponent(database)}${query}`;
    },
  };
}

/** The description of a server, for another process. */
export function describeServer(server: TestServer): ServerDescription {
  const { version, host, port, superuser, logPath, embedded } = server;
  const url = new URL(server.url());
  return {
    version,
    host,
    port,
    superuser,
    logPath,
    embedded,
    password: decodeURIComponent(url.password),
    query: url.search,
  };
}
