/**
 * The handle on a running throw-away server. Must never print its password: only connection() and url() hold it.
 */
import type { Access } from "./access.ts";

/** What `pg.Client` needs. */
export interface Connection {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  /** Absent where the server asks for none. */
  readonly password?: string;
}

/** A throw-away server. */
export interface PostgresServer {
  /** Major version. */
  readonly version: number;
  /** Folder of the Unix socket, or 127.0.0.1. */
  readonly host: string;
  readonly port: number;
  readonly superuser: string;
  /** The superuser's; "" on a server that trusts everybody. */
  readonly password: string;
  /** Whether every role needs the password to log in (no Unix sockets on this system): set it with ALTER ROLE … PASSWORD. */
  readonly everybodyNeedsPassword: boolean;
  readonly logPath: string;
  /** Connection options; default: the superuser in database `postgres`. */
  connection(database?: string, user?: string): Connection;
  /** The same as a `postgres://` URL. */
  url(database?: string, user?: string): string;
  /** Kills the server as `kill -9` does and starts it again on the same data and port; settles when it takes connections. For tests of recovery. */
  crash(): Promise<void>;
  /** Stops the server and removes its files; a second call does nothing. */
  stop(): Promise<void>;
}

/** Makes the handle. */
export function serverHandle(facts: {
  readonly version: number;
  readonly superuser: string;
  readonly port: number;
  readonly access: Access;
  readonly log: string;
  stop(): Promise<void>;
  crash(): Promise<void>;
}): PostgresServer {
  const { version, superuser, port, access, log } = facts;
  const secret = (user: string): string => (user === superuser || access.everybodyNeedsPassword ? access.password : "");
  let stopped: Promise<void> | undefined;
  return {
    version,
    host: access.host,
    port,
    superuser,
    password: access.password,
    everybodyNeedsPassword: access.everybodyNeedsPassword,
    logPath: log,
    connection(database = "postgres", user = superuser) {
      const password = secret(user);
      return { host: access.host, port, user, database, ...(password === "" ? {} : { password }) };
    },
    url(database = "postgres", user = superuser) {
      const password = secret(user);
      const who = `${encodeURIComponent(user)}${password === "" ? "" : `:${encodeURIComponent(password)}`}`;
      return access.socket
        ? `postgres://${who}@/${encodeURIComponent(database)}?host=${encodeURIComponent(access.host)}&port=${port}`
        : `postgres://${who}@${access.host}:${port}/${encodeURIComponent(database)}`;
    },
    crash: () => facts.crash(),
    stop() {
      stopped ??= facts.stop();
      return stopped;
    },
  };
}
