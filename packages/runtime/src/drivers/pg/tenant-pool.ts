/**
 * A subclass of the user's own pg.Pool: every connection is a TenantClient, every query has a tenant, and a connection
 * comes back only in a state that the next borrower may inherit. Being a real subclass it serves ORMs unchanged.
 */
import { AsyncResource } from 'node:async_hooks';
import { emitEvent } from '../../context/events.ts';
import { failure, isWatertightError } from '../../errors/errors.ts';
import { readNotServed, type SqlError } from '../../scope/classify.ts';
import type { Handshake } from '../../scope/profile.ts';
import { checkTimeout } from '../../scope/settings.ts';
import { Engine, engineKey, type EngineOptions } from './engine.ts';
import { giveBack, makeLease } from './lease.ts';
import { batchParts, probe, shakeHands } from './probe.ts';
import { Reporter } from './reporter.ts';
import type { Location, RouteSource } from '../../routes/route-source.ts';
import { type BatchPart, scopedQueryClass } from './scoped-query.ts';
import { type Callback, checkDriver, type ConnectCallback, type PgClient, type PgLike, type PgModule, type PgPool, type Release } from './shapes.ts';
import { type CallOptions, type TenantClient, tenantClientClass } from './tenant-client.ts';
import { makeTenantDb, type TenantDb } from './tenant-db.ts';

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
export interface TenantPool {
  /** A handle for one tenant, whatever the ambient context; the two must not disagree. */
  for(tenant: string): TenantDb;
  /**
   * Runs `fn` with a client that no tenant binds, on a role of its own. Written to watertight.audit first.
   * @throws ConfigurationError WT_UNSCOPED without a reason or a connection
   */
  unscoped<T>(options: { readonly reason: string }, fn: (client: PgClient) => Promise<T>): Promise<T>;
  /** The start-up probe; run before the first query as well. @throws ConfigurationError */
  ready(): Promise<Handshake>;
}

/** What the other files of this driver need of a pool. */
export interface PoolCore {
  readonly pg: PgModule;
  readonly engine: Engine;
  /** Runs one pipeline on a connection of its own. */
  runOnce(tenant: string, config: unknown, values: unknown, parts: readonly BatchPart[] | undefined, options: CallOptions | undefined): Promise<unknown>;
  /** Borrows a connection of the tenant's location; the caller gives it back. */
  borrow(tenant: string): Promise<Borrowed>;
  /** Whether the whole attempt may be made again after this error; does what is needed before that. */
  recover(tenant: string, error: unknown, state: Attempts): Promise<boolean>;
  report(tenant: string, relation: string, key: Record<string, unknown>): void;
}

export interface Borrowed {
  readonly client: TenantClient;
  giveBack(error?: Error | boolean): void;
}

/** What was tried already, so that nothing is tried for ever. */
export interface Attempts {
  rerouted?: boolean;
  clock?: boolean;
}

export type TenantPoolClass = new (options: TenantPoolOptions & Record<string, unknown>) => PgPool & TenantPool;

const classes = new WeakMap<object, TenantPoolClass>();

/** The pool class on top of a copy of pg; one per copy. */
export function tenantPoolClass(pgLike: PgLike): TenantPoolClass {
  const pg = checkDriver(pgLike);
  const known = classes.get(pg);
  if (known !== undefined) return known;
  const made = makeClass(pg);
  classes.set(pg, made);
  return made;
}

function makeClass(pg: PgModule): TenantPoolClass {
  const Client = tenantClientClass(pg, scopedQueryClass(pg));

  return class TenantPool extends pg.Pool implements PgPool, TenantPool, PoolCore {
    readonly pg: PgModule = pg;
    readonly engine: Engine;
    readonly #settings: TenantPoolOptions & Record<string, unknown>;
    #ready: Promise<Handshake> | undefined = undefined;
    #measuring: Promise<unknown> | undefined = undefined;
    #reporter: Reporter | undefined = undefined;
    #unscopedPool: PgPool | undefined = undefined;
    readonly #locations: Map<string, TenantPool> = new Map();
    readonly #routes: Map<string, TenantPool> = new Map();

    constructor(options: TenantPoolOptions & Record<string, unknown>) {
      if (options['pipeline']) throw failure('WT_DRIVER_UNSUPPORTED', { detail: 'pipeline mode' });
      const engine = new Engine(options);
      super({ ...options, Client, [engineKey]: engine });
      this.engine = engine;
      this.#settings = options;
      // The key belongs into the engine, not into an object that is printed for debugging.
      delete (this.options as Record<string, unknown>)['key'];
    }

    override query(config: unknown, values?: unknown, callback?: Callback): unknown {
      if (typeof config === 'function') return super.query(config);
      if (typeof values === 'function') {
        callback = values as Callback;
        values = undefined;
      }
      let tenant: string;
      try {
        tenant = this.engine.tenantFor(undefined, 'pool.query');
      } catch (error) {
        if (callback === undefined) return Promise.reject(error);
        process.nextTick(callback, error);
        return undefined;
      }
      const result = this.runOnce(tenant, config, values, undefined, undefined);
      if (callback === undefined) return result;
      // In the caller's context: stock pg resumes in the context of whoever released the connection.
      const bindable = AsyncResource.bind(callback);
      result.then((value) => bindable(null, value), bindable);
      return undefined;
    }

    // oxlint-disable-next-line typescript/no-explicit-any -- pg's two overloads in one body
    override connect(callback?: ConnectCallback): any {
      const bindable = callback === undefined ? undefined : AsyncResource.bind(callback);
      const leased = this.#lease();
      if (bindable === undefined) return leased.then((lease) => lease.client);
      leased.then(
        (lease) => bindable(undefined, lease.client, lease.release),
        (error: Error) => bindable(error, undefined, () => {}),
      );
      return undefined;
    }

    // The ambient tenant is captured at the call, not when the pool answers.
    async #lease(): Promise<{ client: PgClient; release: Release }> {
      const tenant = this.engine.ambient();
      if (this.#settings.routes !== undefined) {
        const home = await this.#locate(this.engine.tenantFor(tenant, 'pool.connect'));
        if (home !== this) return home.#leaseFor(tenant);
      }
      return this.#leaseFor(tenant);
    }

    async #leaseFor(tenant: string | undefined): Promise<{ client: PgClient; release: Release }> {
      if (this.engine.profile === undefined) await this.ready();
      return new Promise((resolve, reject) => {
        this.#take(tenant, (error, client, release) => {
          if (error || client === undefined) return reject(error);
          resolve(makeLease(client as TenantClient, release, tenant));
        });
      });
    }

    // Takes an idle connection without waiting for the next tick, by preference one that this tenant used last: it
    // needs no reset. Only an optimisation: where pg-pool's lists look different, it is pg-pool's own way.
    #take(tenant: string | undefined, callback: ConnectCallback): void {
      const idle = this._idle;
      if (!Array.isArray(idle) || idle.length === 0 || this._pendingQueue.length > 0 || this.ending) {
        super.connect(callback);
        return;
      }
      const last = idle.length - 1;
      if (last > 0 && lastTenant(idle[last]) !== tenant) {
        let best = -1;
        for (let i = last; i >= 0; i--) {
          const owner = lastTenant(idle[i]);
          if (owner === tenant) {
            best = i;
            break;
          }
          if (owner === undefined && best < 0) best = i;
        }
        if (best >= 0) idle.push(...idle.splice(best, 1));
      }
      super.connect(callback);
      this._pulseQueue();
    }

    async runOnce(tenant: string, config: unknown, values: unknown, parts: readonly BatchPart[] | undefined, options: CallOptions | undefined): Promise<unknown> {
      const attempts: Attempts = {};
      for (;;) {
        const home = this.#settings.routes === undefined ? this : await this.#locate(tenant);
        if (home.engine.profile === undefined) await home.ready();
        try {
          return await home.#attempt(tenant, config, values, parts, options);
        } catch (error) {
          if (isWatertightError(error) && (await this.recover(tenant, error, attempts))) continue;
          // The stack of a database error leads to the socket; lead it to the caller instead.
          if (error instanceof Error) Error.captureStackTrace(error);
          throw error;
        }
      }
    }

    #attempt(tenant: string, config: unknown, values: unknown, parts: readonly BatchPart[] | undefined, options: CallOptions | undefined): Promise<unknown> {
      return new Promise((resolve, reject) => {
        const signal = options?.signal;
        if (signal?.aborted) return reject(failure('WT_ABORTED', { cause: signal.reason }));
        let given = false;
        const abort = (): void => reject(failure('WT_ABORTED', { cause: signal?.reason }));
        signal?.addEventListener('abort', abort, { once: true });
        this.#take(tenant, (error, pgClient, release) => {
          signal?.removeEventListener('abort', abort);
          if (error || pgClient === undefined) return reject(error);
          const client = pgClient as TenantClient;
          const end = (failed: Error | null | undefined, result: unknown): void => {
            if (given) return;
            given = true;
            const open = client.readyForQuery && client.getTransactionStatus() !== 'I' && client._queryable;
            giveBack(client, release, tenant);
            if (failed) reject(failed);
            else if (open) reject(failure('WT_TRANSACTION_LEFT_OPEN'));
            else resolve(result);
          };
          // Aborted while waiting for a connection: it goes back untouched.
          if (signal?.aborted) return end(failure('WT_ABORTED', { cause: signal.reason }), undefined);
          try {
            if (typeof (config as { submit?: unknown } | null)?.submit === 'function') throw failure('WT_NEEDS_TRANSACTION');
            const query = client.newQuery(tenant, config, values);
            if (parts !== undefined) query.parts = batchParts(pg, client, parts);
            if (options?.statementTimeoutMs !== undefined) query.timeoutMs = checkTimeout(options.statementTimeoutMs);
            if (options?.name !== undefined) query.statementName = options.name;
            query.callback = end;
            client.run(query, signal, Number((config as { query_timeout?: unknown } | null)?.query_timeout) || undefined);
          } catch (thrown) {
            end(thrown as Error, undefined);
          }
        });
      });
    }

    async borrow(tenant: string): Promise<Borrowed> {
      const home = this.#settings.routes === undefined ? this : await this.#locate(tenant);
      if (home.engine.profile === undefined) await home.ready();
      return new Promise((resolve, reject) => {
        home.#take(tenant, (error, client, release) => {
          if (error || client === undefined) return reject(error);
          resolve({ client: client as TenantClient, giveBack: (reason) => giveBack(client as TenantClient, release, tenant, reason) });
        });
      });
    }

    async recover(tenant: string, error: unknown, attempts: Attempts): Promise<boolean> {
      if (!isWatertightError(error)) return false;
      const cause = error.cause as SqlError | undefined;
      if (error.sqlstate === 'WT002' && this.#settings.routes !== undefined && !attempts.rerouted) {
        attempts.rerouted = true;
        const home = await this.#locate(tenant, { refresh: true, goto: readNotServed(cause as SqlError).goto });
        emitEvent('reroute', { tenant, location: [...this.#locations].find(([, pool]) => pool === home)?.[0] ?? '' });
        return true;
      }
      if (error.sqlstate === 'WT001' && cause?.detail === 'expired' && !attempts.clock) {
        attempts.clock = true;
        const home = this.#routes.get(tenant) ?? this;
        await (home.#measuring ??= home.#measure().finally(() => (home.#measuring = undefined)));
        return true;
      }
      return false;
    }

    // Our clock and the database's have drifted apart since the start.
    async #measure(): Promise<void> {
      await this.#withClient(async (client) => {
        const { clockOffsetMs } = await shakeHands(client);
        if (this.engine.tokens) this.engine.tokens.clockOffsetMs = clockOffsetMs;
        this.engine.generation++;
      });
    }

    ready(): Promise<Handshake> {
      if (this.#ready === undefined) {
        const attempt = this.#withClient((client) => probe(pg, client));
        this.#ready = attempt;
        // A failure is tried again on next use; success holds.
        attempt.catch(() => (this.#ready = undefined));
      }
      return this.#ready;
    }

    #withClient<T>(fn: (client: TenantClient) => Promise<T>): Promise<T> {
      return new Promise((resolve, reject) => {
        super.connect((error, client, release) => {
          if (error || client === undefined) return reject(error);
          fn(client as TenantClient)
            .finally(() => giveBack(client as TenantClient, release, undefined))
            .then(resolve, reject);
        });
      });
    }

    async #locate(tenant: string, hint?: { refresh: boolean; goto?: unknown }): Promise<TenantPool> {
      const { routes, ...rest } = this.#settings;
      const known = this.#routes.get(tenant);
      if (routes === undefined) return this;
      if (known !== undefined && hint === undefined) return known;
      const location: Location = await routes.locate(tenant, hint);
      let pool = this.#locations.get(location.id);
      if (pool === undefined) this.#locations.set(location.id, (pool = new TenantPool({ ...rest, ...location.config })));
      if (this.#routes.size > 100_000) this.#routes.clear();
      this.#routes.set(tenant, pool);
      return pool;
    }

    for(tenant: string): TenantDb {
      return makeTenantDb(this, this.engine.canonical(tenant));
    }

    report(tenant: string, relation: string, key: Record<string, unknown>): void {
      emitEvent('probe', { tenant, relation });
      if (this.#settings.report === false) return;
      const home = this.#routes.get(tenant) ?? this;
      (home.#reporter ??= new Reporter(pg, home.options, home.engine)).add({ tenant, relation, key });
    }

    async unscoped<T>(options: { readonly reason: string }, fn: (client: PgClient) => Promise<T>): Promise<T> {
      const reason = typeof options?.reason === 'string' ? options.reason.trim() : '';
      if (reason === '') throw failure('WT_UNSCOPED', { detail: 'no reason given' });
      const url = process.env['WATERTIGHT_UNSCOPED_URL'];
      const config = this.#settings.unscoped ?? (url === undefined ? undefined : { connectionString: url });
      if (config === undefined) throw failure('WT_UNSCOPED', { detail: 'no connection configured' });
      this.#unscopedPool ??= new pg.Pool({ max: 2, ...config });
      const client = await this.#unscopedPool.connect();
      let broken: Error | undefined;
      try {
        // First the record, then the work: what can't be recorded does not happen.
        await client.query("select watertight.audit('unscoped', null, $1)", [JSON.stringify({ reason })]);
        emitEvent('unscoped', { reason });
        return await fn(client);
      } catch (error) {
        if (!client._queryable) broken = error as Error;
        throw error;
      } finally {
        client.release?.(broken ?? client.getTransactionStatus() !== 'I');
      }
    }

    override async end(callback?: () => void): Promise<void> {
      await Promise.all([
        super.end(),
        this.#reporter?.end(),
        this.#unscopedPool?.end(),
        ...[...this.#locations.values()].map((pool) => pool.end()),
      ]);
      callback?.();
    }
  };
}

function lastTenant(item: { client: PgClient } | undefined): string | undefined {
  return (item?.client as TenantClient | undefined)?.link?.lastTenant;
}

