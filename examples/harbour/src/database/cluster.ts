// The PostgreSQL server of a run: an embedded one of its own, or the server of DATABASE_URL, where every database and role it makes carries
// the run's prefix and is dropped at the end. Must never touch anything else there.
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { defaultRoles } from "@watertight/schema";
import type { RoleNames } from "@watertight/schema";
import { attachServer, startServer } from "@watertight/testkit";
import type { TestServer } from "@watertight/testkit";
import pg from "pg";

export interface Cluster {
  readonly version: number;
  readonly embedded: boolean;
  /** The server ends with the run, and everything on it. */
  readonly own: boolean;
  /** Start of every name that the run gives on the server. */
  readonly prefix: string;
  readonly roles: RoleNames;
  /** Password of the roles that log in; an embedded server asks for none. */
  readonly password: string;
  /** Role with which the not-forced hole logs in. */
  readonly legacy: string;
  url(database: string, role?: string): string;
  /** Makes a database of the run; the name is the run's own. */
  create(name: string, template?: string): Promise<string>;
  drop(database: string): Promise<void>;
  /** Databases and roles that others made for the run: they go at its end. */
  dropsDatabases(names: readonly string[]): void;
  dropsRoles(names: readonly string[]): void;
  /** Runs `work` on a connection of a role; of the server's administrator when none is given. */
  connected<T>(database: string, role: string | undefined, work: (client: pg.Client) => Promise<T>): Promise<T>;
  /** Runs `work` on a connection of the server's administrator. */
  asAdmin<T>(database: string, work: (client: pg.Client) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export async function openCluster(databaseUrl: string | undefined, version: 15 | 18 = 18): Promise<Cluster> {
  const server =
    databaseUrl === undefined || databaseUrl === "" ? await startServer({ version }) : await attachServer(databaseUrl);
  return clusterOn(server);
}

/** A cluster on a server that runs already; `close` stops an embedded one. */
export function clusterOn(server: TestServer, shared = false): Cluster {
  const own = server.embedded && !shared;
  const prefix = `harbour_${own ? "" : `${randomBytes(3).toString("hex")}_`}`;
  const password = server.embedded ? "" : randomBytes(16).toString("hex");
  const roles: RoleNames = own
    ? defaultRoles
    : (Object.fromEntries(Object.keys(defaultRoles).map((kind) => [kind, `${prefix}${kind}`])) as unknown as RoleNames);
  const legacy = `${prefix}legacy`;
  const made = new Set<string>();
  const madeRoles = new Set<string>([legacy, ...Object.values(roles)]);
  const url = (database: string, role?: string): string => {
    const plain = new URL(server.url(database, role));
    if (role !== undefined && role !== server.superuser && password !== "") plain.password = password;
    return plain.href;
  };
  const connected: Cluster["connected"] = async (database, role, work) => {
    const client = new pg.Client({ connectionString: url(database, role) });
    client.on("error", () => {});
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  };
  const asAdmin: Cluster["asAdmin"] = (database, work) => connected(database, undefined, work);
  // a pool that was just ended may still hold its last socket; only a superuser may cut it off
  const drop = (name: string): Promise<void> =>
    asAdmin("postgres", async (client) => {
      for (let attempt = 0; ; attempt += 1) {
        try {
          await client.query(
            `drop database if exists ${pg.escapeIdentifier(name)}${attempt > 20 ? " with (force)" : ""}`,
          );
          return;
        } catch (error) {
          if ((error as { code?: string }).code !== "55006" || attempt > 20) throw error;
          await sleep(50);
        }
      }
    });
  return {
    version: server.version,
    embedded: server.embedded,
    own,
    prefix,
    roles,
    password,
    legacy,
    url,
    connected,
    asAdmin,
    create: async (name, template = "template0") => {
      const full = prefix + name;
      made.add(full);
      await asAdmin("postgres", (client) =>
        client.query(`create database ${pg.escapeIdentifier(full)} template ${pg.escapeIdentifier(template)}`),
      );
      return full;
    },
    drop: async (name) => {
      await drop(name);
      made.delete(name);
    },
    dropsDatabases: (names) => names.forEach((name) => made.add(name)),
    dropsRoles: (names) => names.forEach((name) => madeRoles.add(name)),
    close: async () => {
      if (own) return server.stop();
      for (const name of made) await drop(name);
      await asAdmin("postgres", async (client) => {
        // the last first: whoever granted something to a role cannot go before it
        for (const role of [...madeRoles].toReversed())
          await client.query(`drop role if exists ${pg.escapeIdentifier(role)}`);
      });
    },
  };
}
