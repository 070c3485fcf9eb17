/**
 * From a location to what a connection to it needs: which server it counts against, which connections can stand for each other, how its
 * database is spoken to. Connects to nothing.
 */
import { Engine, engineKey } from "../../drivers/pg/engine.ts";
import type { PgModule } from "../../drivers/pg/shapes.ts";
import type { TenantPoolOptions } from "../../drivers/pg/tenant-pool.ts";
import { failure } from "../../errors/errors.ts";
import type { Location, TenantLimits } from "../../routes/route-source.ts";
import type { FleetClient, FleetClientClass } from "./fleet-client.ts";
import { TenantPath } from "./path-link.ts";

/** One database as one role. */
export interface Endpoint {
  /** Connections with the same key can stand for each other. */
  readonly key: string;
  /** host:port */
  readonly address: string;
  readonly engine: Engine;
  connect(): FleetClient;
}

/** A location, ready for use. */
export interface Place {
  readonly location: Location;
  readonly server: string;
  readonly readWrite: Endpoint;
  readonly readOnly: Endpoint | undefined;
  readonly path: TenantPath | undefined;
  readonly limits: TenantLimits;
}

type PgFacts = InstanceType<PgModule["Client"]> & {
  readonly database: string;
  readonly user: string;
  readonly password: unknown;
  readonly connectionParameters: Record<"application_name" | "options", string | undefined>;
};

type Config = TenantPoolOptions & Record<string, unknown>;

/** Makes places, and remembers endpoints: many schema tenants share one. */
export class Endpoints {
  readonly #pg: PgModule;
  readonly #options: Config;
  readonly #Client: FleetClientClass;
  readonly #shared: readonly string[];
  readonly #byKey: Map<string, Endpoint & { config: object }> = new Map();

  /** @param options settings that a location's own replace */
  constructor(pg: PgModule, options: Config, Client: FleetClientClass, sharedSchemas: readonly string[]) {
    this.#pg = pg;
    this.#options = options;
    this.#Client = Client;
    this.#shared = sharedSchemas;
  }

  place(location: Location): Place {
    const { schema, limits = {} } = location;
    if (location.model === "schema" && !schema) throw failure("WT_CONFIG", { detail: "schema of a location" });
    const config = this.#merge(this.#options, location.config);
    const readWrite = this.#endpoint(config);
    return {
      location,
      server: location.server ?? readWrite.address,
      readWrite,
      readOnly: location.readOnly && this.#endpoint(this.#merge(config, location.readOnly)),
      path: schema ? new TenantPath(schema, this.#shared) : undefined,
      limits,
    };
  }

  // A connection string beats every field beside it, so one that is overridden in part must be taken apart.
  #merge(base: Config, over: object): Config {
    if (!base["connectionString"] || Object.keys(over).length === 0) return { ...base, ...over };
    if ("connectionString" in over && over.connectionString) return { ...base, ...over };
    const { host, port, database, user, password, ssl, connectionParameters } = new this.#pg.Client(base) as PgFacts;
    const { application_name, options } = connectionParameters;
    const plain = { host, port, database, user, password, ssl, application_name, options, connectionString: undefined };
    return { ...base, ...plain, ...over };
  }

  #endpoint(given: Config): Endpoint {
    // pg finds a dead peer only when it is asked to look.
    const config: Config = { keepAlive: true, ...given, connectionTimeoutMillis: 0 };
    const engine = new Engine(config);
    // pg itself knows best what connection strings, environment and defaults amount to; nothing is connected.
    const { host, port, database, user } = new this.#pg.Client(config) as PgFacts;
    const address = `${host}:${port}`;
    const key = JSON.stringify([address, database, user, config.level, config.key, config.tenantIdType]);
    const known = this.#byKey.get(key);
    // Same database, same role: perhaps a new password.
    if (known) {
      known.config = config;
      return known;
    }
    const endpoint = {
      key,
      address,
      engine,
      config,
      connect: (): FleetClient => new this.#Client({ ...endpoint.config, [engineKey]: engine }),
    };
    this.#byKey.set(key, endpoint);
    return endpoint;
  }
}
