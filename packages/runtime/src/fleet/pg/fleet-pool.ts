/**
 * The tenant pool over many servers: finds the tenant's location, and takes a connection of its server from the scheduler there. All else (scoped queries,
 * transactions, hand-over, re-routing) is the ordinary tenant pool's. Must never open a connection but through a server's scheduler.
 */
import { emitEvent } from "../../context/events.ts";
import { giveBack } from "../../drivers/pg/lease.ts";
import { probe, runAlone } from "../../drivers/pg/probe.ts";
import { type CallOptions, scopedQueryClass } from "../../drivers/pg/scoped-query.ts";
import type { PgLike, PgPool, PgQueryable } from "../../drivers/pg/shapes.ts";
import { checkDriver } from "../../drivers/pg/shapes.ts";
import { tenantClientClass } from "../../drivers/pg/tenant-client.ts";
import { makeTenantDb, type TenantDb } from "../../drivers/pg/tenant-db.ts";
import { type PoolCore, type TenantPool, tenantPoolClass } from "../../drivers/pg/tenant-pool.ts";
import { failure, isWatertightError } from "../../errors/errors.ts";
import type { RouteHint } from "../../routes/route-source.ts";
import type { Handshake } from "../../scope/profile.ts";
import { reportText } from "../../scope/required-row.ts";
import { type FleetOptions, type FleetSettings, fleetSettings } from "../options.ts";
import type { FleetStats } from "../stats.ts";
import { Endpoints, type Place } from "./endpoint.ts";
import { fleetClientClass } from "./fleet-client.ts";
import { type Borrowed, ServerPool } from "./server-pool.ts";

/** Which of a location's roles a handle uses. */
export interface ForOptions {
  /** The role that may only read: the server refuses writes. */
  readonly readOnly?: boolean | undefined;
}

/** What a fleet has beside everything that pg.Pool has. */
export interface FleetPool<C = PgQueryable> extends Omit<TenantPool<C>, "for" | "ready"> {
  /** A handle for one tenant, whatever the ambient context; the two must not disagree. */
  for(tenant: string, options?: ForOptions): TenantDb<C>;
  /** The start-up probe of a tenant's location; default: the ambient tenant's. @throws ConfigurationError, ContextError */
  ready(tenant?: string): Promise<Handshake>;
  /**
   * Forgets where a tenant, or everybody, is served: the next call asks the routes. For whoever hears that limits or passwords have changed; a tenant that
   * moved is found without it.
   */
  forget(tenant?: string): void;
  /** Figures of every server that was used. */
  stats(): FleetStats;
}

/** First kit that knows schemas of tenants. */
const schemaKit = 9;
/** No such database; wrong login. */
const outOfDate: readonly string[] = ["3D000", "28000", "28P01"];
const mostRoutes = 100_000;
const mostReports = 1000;

type Call = CallOptions & { readonly role?: "ro" };

export type FleetPoolClass = new (options: FleetOptions & Record<string, unknown>) => PgPool & FleetPool;

/** The pool class on top of a copy of pg. */
export function fleetPoolClass(pgLike: PgLike): FleetPoolClass {
  const pg = checkDriver(pgLike);
  const Client = fleetClientClass(pg, tenantClientClass(pg, scopedQueryClass(pg)));

  return class FleetPool extends tenantPoolClass(pg) implements PgPool {
    readonly #options: FleetOptions;
    readonly #settings: FleetSettings;
    readonly #endpoints: Endpoints;
    readonly #servers: Map<string, ServerPool> = new Map();
    readonly #routes: Map<string, Place> = new Map();
    readonly #reader: PoolCore;
    #stopping: boolean = false;
    #reports: number = 0;
    #reporting: Promise<unknown> = Promise.resolve();

    constructor(options: FleetOptions & Record<string, unknown>) {
      const settings = fleetSettings(options);
      // Keys may come with the locations; this pool signs nothing itself, and what it is given must be a key.
      const key = options.key ?? process.env["WATERTIGHT_KEY"] ?? `none:${"A".repeat(43)}`;
      super({ ...options, key });
      this.#options = options;
      this.#settings = settings;
      this.#endpoints = new Endpoints(pg, options, Client, options.sharedSchemas ?? []);
      const { engine } = this;
      this.#reader = {
        engine,
        runOnce: (tenant, config, values, plan, call) => this.runOnce(tenant, config, values, plan, reading(call)),
        perform: (tenant, config, values, plan, call) => this.perform(tenant, config, values, plan, reading(call)),
        report: (tenant, relation, key) => this.report(tenant, relation, key),
      };
    }

    override for(tenant: string, options?: ForOptions): TenantDb {
      return makeTenantDb(options?.readOnly ? this.#reader : this, this.engine.canonical(tenant));
    }

    override async borrow(tenant: string | undefined, options?: Call): Promise<Borrowed> {
      try {
        return await this.#borrowAt(tenant!, await this.locate(tenant!), options);
      } catch (error) {
        if (isWatertightError(error)) throw error;
        // No connection, so nothing was sent. Where the server itself says that there is no such database or login, the route is out of date.
        this.forget(tenant);
        if (!outOfDate.includes(String((error as { code?: unknown }).code))) throw error;
        return this.#borrowAt(tenant!, await this.locate(tenant!, { refresh: true }), options);
      }
    }

    forget(tenant?: string): void {
      if (tenant === undefined) this.#routes.clear();
      else this.#routes.delete(this.engine.canonical(tenant));
    }

    override async locate(tenant: string, hint?: RouteHint): Promise<Place> {
      const known = this.#routes.get(tenant);
      if (known !== undefined && hint === undefined) return known;
      const location = await this.#options.routes.locate(tenant, hint);
      if (hint !== undefined) emitEvent("reroute", { tenant, location: location.id });
      const place = known?.location === location ? known : this.#endpoints.place(location);
      if (this.#routes.size > mostRoutes) this.#routes.clear();
      this.#routes.set(tenant, place);
      return place;
    }

    override async look(tenant?: string): Promise<Handshake> {
      const { client, release } = await this.borrow(tenant);
      try {
        return await probe(client);
      } finally {
        giveBack(client, release, undefined);
      }
    }

    override async ready(tenant?: string): Promise<Handshake> {
      const asked = this.engine.tenantFor(tenant && this.engine.canonical(tenant), "pool.ready");
      const { engine } = (await this.locate(asked)).readWrite;
      return engine.handshake ?? this.look(asked);
    }

    stats(): FleetStats {
      const { usage } = this.#settings;
      const servers = [...this.#servers.values()].map((server) => server.stats());
      return { servers, ...(usage && { perTenant: usage.report() }) };
    }

    get totalCount(): number {
      return this.#sum("open");
    }

    get idleCount(): number {
      return this.#sum("idle");
    }

    get waitingCount(): number {
      return this.#sum("waiting");
    }

    /** Out of band, but within the budget: on a connection like any other, after the request has given back its own. */
    override report(tenant: string, relation: string, key: Record<string, unknown>): void {
      emitEvent("probe", { tenant, relation });
      if (this.#options.report === false) return;
      if (this.#reports >= mostReports) return emitEvent("warning", { message: "probe report dropped: too many wait" });
      this.#reports++;
      this.#reporting = this.#reporting
        .then(() => this.#send(tenant, relation, key))
        .catch((cause: unknown) => emitEvent("warning", { message: "probe report failed", cause }))
        .finally(() => this.#reports--);
    }

    override async end(callback?: () => void): Promise<void> {
      if (this.#stopping) throw new Error("Called end on pool more than once");
      await this.#reporting;
      this.#stopping = true;
      await Promise.all([...this.#servers.values()].map((server) => server.end()));
      await super.end(callback);
    }

    async #borrowAt(tenant: string, place: Place, options?: Call): Promise<Borrowed> {
      if (this.#stopping) throw new Error("Cannot use a pool after calling end on the pool");
      const { server, limits, path } = place;
      const endpoint = options?.role === "ro" ? place.readOnly : place.readWrite;
      if (endpoint === undefined) throw failure("WT_CONFIG", { detail: "readOnly of a location" });
      let pool = this.#servers.get(server);
      if (pool === undefined) {
        pool = new ServerPool(server, this.#settings, (event, ...values) => {
          // An 'error' that nobody listens to would end the process.
          if (event !== "error" || this.listenerCount("error") > 0) this.emit(event, ...values);
        });
        this.#servers.set(server, pool);
      }
      const borrowed = await pool.acquire(tenant, endpoint, limits, options?.signal);
      const kit = endpoint.engine.handshake?.kit ?? 0;
      if (path && kit < schemaKit) {
        borrowed.release();
        throw failure("WT_KIT_TOO_OLD", { detail: `kit ${kit}, needed ${schemaKit} for tenants' schemas` });
      }
      borrowed.client.link.path = path;
      return borrowed;
    }

    async #send(tenant: string, relation: string, key: Record<string, unknown>): Promise<void> {
      const { client, release } = await this.borrow(tenant);
      try {
        const { engine, processID } = client;
        const proof = engine.proof(tenant, processID ?? 0);
        const values = [engine.tokens ? proof : Buffer.from(proof), relation, JSON.stringify(key)];
        await runAlone(client, reportText, values);
      } catch (error) {
        // 25006: a replica, where nothing can be recorded.
        if ((error as { code?: string }).code !== "25006") throw error;
      } finally {
        giveBack(client, release, tenant);
      }
    }

    #sum(figure: "open" | "idle" | "waiting"): number {
      return this.stats().servers.reduce((total, server) => total + server[figure], 0);
    }
  };
}

const reading = (call: CallOptions | undefined): Call => ({ ...call, role: "ro" });
