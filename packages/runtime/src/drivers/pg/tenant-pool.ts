/**
 * A subclass of the user's own pg.Pool: every connection is a TenantClient, every query has a tenant, and a connection
 * comes back only in a state that the next borrower may inherit. Being a real subclass it serves ORMs unchanged.
 */
import { emitEvent } from "../../context/events.ts";
import { failure } from "../../errors/errors.ts";
import { readNotServed, type SqlError } from "../../scope/classify.ts";
import type { Handshake } from "../../scope/profile.ts";
import { onAbort } from "./abort-listener.ts";
import { answer } from "./callback-style.ts";
import { Engine, engineKey, type EngineOptions } from "./engine.ts";
import { giveBack, type Lease, makeLease } from "./lease.ts";
import { probe } from "./probe.ts";
import { borrowPlain } from "./plain-pool.ts";
import { makeReporter, type Reporter } from "./reporter.ts";
import type { RouteHint, RouteSource } from "../../routes/route-source.ts";
import { type CallOptions, type Plan, scopedQueryClass } from "./scoped-query.ts";
import {
  type Callback,
  checkDriver,
  type ConnectCallback,
  type PgLike,
  type PgPool,
  type PgQueryable,
  type PgSubmittable,
  type Release,
} from "./shapes.ts";
import { type TenantClient, tenantClientClass } from "./tenant-client.ts";
import { makeTenantDb, type TenantDb } from "./tenant-db.ts";

/** Options of ours; everything else is pg's own pool configuration. */
export interface TenantPoolOptions extends EngineOptions {
  /** Where tenants are served, when not all of them are in one database. */
  readonly routes?: RouteSource | undefined;
  /** Connection for {@link TenantPool.unscoped}; default: the environment variable WATERTIGHT_UNSCOPED_URL. */
  readonly unscoped?: object | undefined;
  /** Report ids that find no row, out of band (requireRow); default true. */
  readonly report?: boolean | undefined;
}

/** What a tenant pool has beside everything that pg.Pool has. */
export interface TenantPool<C = PgQueryable> {
  /** A handle for one tenant, whatever the ambient context; the two must not disagree. */
  for(tenant: string): TenantDb<C>;
  /**
   * Runs `fn` with a client that no tenant binds, on a role of its own. Recorded by watertight.audit() as an event first.
   * @throws ConfigurationError WT_UNSCOPED without a reason or a connection
   */
  unscoped<T>(options: { readonly reason: string }, fn: (client: C) => Promise<T>): Promise<T>;
  /** The start-up probe; run before the first query as well. @throws ConfigurationError */
  ready(): Promise<Handshake>;
}

/** What the other files of this driver need of a pool. */
export interface PoolCore {
  readonly engine: Engine;
  /** Runs one pipeline on a connection of its own. */
  runOnce(tenant: string, config: unknown, values?: unknown, plan?: Plan, options?: CallOptions): Promise<unknown>;
  /** The same, but on success the caller gives the connection back. */
  perform(tenant: string, config: unknown, values?: unknown, plan?: Plan, options?: CallOptions): Promise<Performed>;
  report(tenant: string, relation: string, key: Record<string, unknown>): void;
}

interface Borrowed {
  readonly client: TenantClient;
  readonly release: Release;
}

/** A query that was answered, and the connection that it ran on. */
interface Performed extends Borrowed {
  readonly result: unknown;
}

/** What a pool over many servers (fleet/) does in its own way. */
interface RoutedPool extends PgPool, TenantPool, PoolCore {
  /** A connection of the tenant's location. */
  borrow(tenant: string | undefined, options?: CallOptions): Promise<Borrowed>;
  /** Finds the location; with a hint it asks again. */
  locate(tenant: string, hint?: RouteHint): Promise<unknown>;
  /** Measures the clock of the tenant's database. */
  look(tenant?: string): Promise<Handshake>;
}

export type TenantPoolClass = new (options: TenantPoolOptions & Record<string, unknown>) => RoutedPool;

/** The pool class on top of a copy of pg. */
export function tenantPoolClass(pgLike: PgLike): TenantPoolClass {
  const pg = checkDriver(pgLike);
  const Client = tenantClientClass(pg, scopedQueryClass(pg));

  return class TenantPool extends pg.Pool implements RoutedPool {
    readonly engine: Engine;
    readonly #settings: TenantPoolOptions & Record<string, unknown>;
    #looking: Promise<Handshake> | undefined;
    #reporter: Reporter | undefined;
    #unscopedPool: PgPool | undefined;
    readonly #locations: Map<string, TenantPool> = new Map();
    readonly #routes: Map<string, TenantPool> = new Map();

    constructor(options: TenantPoolOptions & Record<string, unknown>) {
      if (options["pipeline"]) throw failure("WT_DRIVER_UNSUPPORTED", { detail: "pipeline mode" });
      const engine = new Engine(options);
      super({ ...options, Client, [engineKey]: engine });
      this.engine = engine;
      this.#settings = options;
      // The key belongs into the engine, not into an object that is printed for debugging.
      delete (this.options as Record<string, unknown>)["key"];
    }

    override query(config: unknown, values?: unknown, callback?: Callback): unknown {
      return answer(
        async () => this.runOnce(this.engine.tenantFor(undefined, "pool.query"), config, values),
        typeof values === "function" ? values : callback,
      );
    }

    // oxlint-disable-next-line typescript/no-explicit-any -- pg's two overloads in one body
    override connect(callback?: ConnectCallback): any {
      // The ambient tenant is captured at the call, not when the pool answers.
      const lease = async (): Promise<Lease> => {
        let tenant = this.engine.ambient();
        // A location can only be found for a tenant; without routes a lease may take the tenant of its first query.
        if (this.#settings.routes) tenant = this.engine.tenantFor(tenant, "pool.connect");
        const { client, release } = await this.borrow(tenant);
        return makeLease(client, release, tenant);
      };
      return answer(lease, callback, (bound, { client, release }) =>
        (bound as unknown as ConnectCallback)(undefined, client, release),
      )?.then(({ client }) => client);
    }

    // Takes an idle connection without waiting for the next tick, by preference one that this tenant used last: it
    // needs no reset. Only an optimisation: where pg-pool's lists look different, it is pg-pool's own way.
    #take(tenant: string | undefined, callback: ConnectCallback): void {
      const idle = this._idle;
      const quick = Array.isArray(idle) && this._pendingQueue.length === 0 && !this.ending;
      if (quick) {
        const usedBy = (last: string | undefined): number =>
          idle.findLastIndex(({ client }) => (client as TenantClient | undefined)?.link.lastTenant === last);
        // The last one is taken: make that one of this tenant, or one that nobody has used.
        let best = usedBy(tenant);
        if (best < 0) best = usedBy(undefined);
        if (best >= 0 && best < idle.length - 1) idle.push(...idle.splice(best, 1));
      }
      super.connect(callback);
      if (quick) this._pulseQueue();
    }

    async runOnce(
      tenant: string,
      config: unknown,
      values?: unknown,
      plan?: Plan,
      options?: CallOptions,
    ): Promise<unknown> {
      if (typeof (config as PgSubmittable | null)?.submit === "function") throw failure("WT_NEEDS_TRANSACTION");
      const { client, release, result } = await this.perform(tenant, config, values, plan, options);
      const open = client.getTransactionStatus() !== "I";
      giveBack(client, release, tenant);
      if (open) throw failure("WT_TRANSACTION_LEFT_OPEN");
      return result;
    }

    async perform(
      tenant: string,
      config: unknown,
      values?: unknown,
      plan?: Plan,
      options?: CallOptions,
    ): Promise<Performed> {
      // What was tried already, so that nothing is tried for ever.
      let rerouted = false;
      let measured = false;
      for (;;) {
        const { client, release } = await this.borrow(tenant, options);
        try {
          const result = await client.send(client.newQuery(tenant, config, values, plan, options));
          return { client, release, result };
        } catch (error) {
          await client.rollBack();
          giveBack(client, release, tenant);
          const { sqlstate, cause } = error as { sqlstate?: string; cause: SqlError };
          if (sqlstate === "WT002" && this.#settings.routes && !rerouted) {
            rerouted = true;
            await this.locate(tenant, { refresh: true, goto: readNotServed(cause).goto });
          } else if (sqlstate === "WT001" && cause.detail === "expired" && !measured) {
            // Our clock and the database's have drifted apart since the start.
            measured = true;
            await this.look(tenant);
          } else {
            // The stack of a database error leads to the socket; lead it to the caller instead.
            if (error instanceof Error) Error.captureStackTrace(error);
            throw error;
          }
        }
      }
    }

    async borrow(tenant: string | undefined, options?: CallOptions): Promise<Borrowed> {
      const home = this.#settings.routes ? await this.locate(tenant as string) : this;
      if (!home.engine.profile) await home.ready();
      return home.#borrowHere(tenant, options?.signal);
    }

    #borrowHere(tenant: string | undefined, signal?: AbortSignal): Promise<Borrowed> {
      return new Promise((resolve, reject) => {
        const abort = (): void => reject(failure("WT_ABORTED", { cause: signal?.reason }));
        if (signal?.aborted) return abort();
        const unlisten = onAbort(signal, abort);
        this.#take(tenant, (error, client, release) => {
          unlisten();
          if (!client) reject(error);
          // Nobody waits any more: it goes back untouched.
          else if (signal?.aborted) release();
          else resolve({ client: client as TenantClient, release });
        });
      });
    }

    async ready(): Promise<Handshake> {
      return this.engine.handshake ?? this.look();
    }

    // Success holds, a failure is tried again on next use. Many calls may want to know at once; one asks.
    look(tenant?: string): Promise<Handshake> {
      const home = this.#home(tenant);
      return (home.#looking ??= home.#lookOnce().finally(() => (home.#looking = undefined)));
    }

    async #lookOnce(): Promise<Handshake> {
      const { client, release } = await this.#borrowHere(undefined);
      try {
        return await probe(client);
      } finally {
        giveBack(client, release, undefined);
      }
    }

    #home(tenant: string | undefined): TenantPool {
      return this.#routes.get(tenant as string) ?? this;
    }

    async locate(tenant: string, hint?: RouteHint): Promise<TenantPool> {
      const { routes, ...rest } = this.#settings;
      const known = this.#routes.get(tenant);
      if (known !== undefined && hint === undefined) return known;
      const { id, config } = await routes!.locate(tenant, hint);
      if (hint !== undefined) emitEvent("reroute", { tenant, location: id });
      let pool = this.#locations.get(id);
      if (pool === undefined) this.#locations.set(id, (pool = new TenantPool({ ...rest, ...config })));
      if (this.#routes.size > 100_000) this.#routes.clear();
      this.#routes.set(tenant, pool);
      return pool;
    }

    for(tenant: string): TenantDb {
      return makeTenantDb(this, this.engine.canonical(tenant));
    }

    report(tenant: string, relation: string, key: Record<string, unknown>): void {
      emitEvent("probe", { tenant, relation });
      if (this.#settings.report === false) return;
      const home = this.#home(tenant);
      (home.#reporter ??= makeReporter(pg, home.options, home.engine)).add({ tenant, relation, key });
    }

    async unscoped<T>(options: { readonly reason: string }, fn: (client: PgQueryable) => Promise<T>): Promise<T> {
      const reason = String(options?.reason ?? "").trim();
      const url = process.env["WATERTIGHT_UNSCOPED_URL"];
      const config = this.#settings.unscoped ?? (url && { connectionString: url });
      if (!reason || !config) throw failure("WT_UNSCOPED");
      this.#unscopedPool ??= new pg.Pool({ max: 2, ...config });
      return borrowPlain(this.#unscopedPool, async (client) => {
        // First the record, then the work: what can't be recorded does not happen.
        await client.query("select watertight.audit('unscoped', null, $1)", [JSON.stringify({ reason })]);
        emitEvent("unscoped", { reason });
        return await fn(client as unknown as PgQueryable);
      });
    }

    override async end(callback?: () => void): Promise<void> {
      const parts = [this.#reporter, this.#unscopedPool, ...this.#locations.values()];
      await Promise.all([super.end(), ...parts.map((part) => part?.end())]);
      callback?.();
    }
  };
}
