/**
 * Which instance serves a tenant. Without a route source there is one; with one, an instance per location is made by
 * the user's own factory. The catalog is a cache: a location's fence has the last word.
 */
import { emitEvent } from "../../context/events.ts";
import { failure } from "../../errors/errors.ts";
import type { RouteSource } from "../../routes/route-source.ts";
import { Engine } from "./engine.ts";
import { checkSql, type PostgresJsLike } from "./shapes.ts";

const routeLimit = 100_000;

/** Makes an instance for a location: `(config) => postgres(config)`. */
export type Connect = (config: object) => PostgresJsLike;

export class Locations {
  readonly home: Engine;
  readonly routed: boolean;
  readonly #routes: RouteSource | undefined;
  readonly #connect: Connect | undefined;
  readonly #engines: Map<string, { readonly engine: Engine; readonly sql: PostgresJsLike }> = new Map();
  readonly #byTenant: Map<string, Engine> = new Map();

  constructor(home: Engine, routes: RouteSource | undefined, connect: Connect | undefined) {
    if (routes !== undefined && connect === undefined)
      throw failure("WT_CONFIG", { detail: "routes needs connect, a function that makes an instance" });
    this.home = home;
    this.#routes = routes;
    this.#connect = connect;
    this.routed = routes !== undefined;
  }

  /** The engine of a tenant's location. */
  engineOf(tenant: string): Engine | Promise<Engine> {
    if (!this.routed) return this.home;
    return this.#byTenant.get(tenant) ?? this.#locate(tenant);
  }

  /** The location known so far refused the tenant. */
  async refresh(tenant: string, goto: unknown): Promise<void> {
    const engine = await this.#locate(tenant, { refresh: true, goto });
    const location = [...this.#engines].find(([, entry]) => entry.engine === engine)?.[0] ?? "";
    emitEvent("reroute", { tenant, location });
  }

  async #locate(tenant: string, hint?: { refresh: boolean; goto?: unknown }): Promise<Engine> {
    const { id, config } = await (this.#routes as RouteSource).locate(tenant, hint);
    let entry = this.#engines.get(id);
    if (entry === undefined) {
      const sql = (this.#connect as Connect)(config);
      entry = { sql, engine: new Engine(checkSql(sql), this.home.settings) };
      this.#engines.set(id, entry);
    }
    if (this.#byTenant.size >= routeLimit) this.#byTenant.clear();
    this.#byTenant.set(tenant, entry.engine);
    return entry.engine;
  }

  /** Ends the instances that were made here; the user's own is the user's. */
  async end(): Promise<void> {
    await Promise.all([...this.#engines.values()].map(({ sql }) => sql.end()));
  }
}
