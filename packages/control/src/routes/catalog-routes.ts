/**
 * Where tenants are served, read from the catalog as its router role and kept: told of changes by NOTIFY, and served from what is known while
 * the catalog is away. It may be late and never wrong: a place's own fence refuses whoever is not served there. Must never be asked by a
 * request more often than the tenant moves.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { RouteSource } from "@watertight/runtime/pg";
import { LRUCache } from "lru-cache";
import pg from "pg";
import { controlError } from "../errors/control-error.ts";
import type { Secrets } from "../secrets/secrets.ts";
import { type CatalogLocationRoute, locationOf } from "./location-of.ts";
import { readRoute } from "./route.ts";

/** What the route source needs. */
export interface CatalogRoutesOptions {
  /** Connection string of the catalog, as its router role. */
  readonly url: string;
  readonly secrets: Pick<Secrets, "read">;
  /** Default `main`. */
  readonly service?: string;
  /** Most tenants that are kept; default 10,000. */
  readonly most?: number;
  /** How long the catalog may take to answer, in milliseconds; default 2,000. */
  readonly timeoutMs?: number;
  /** Told of what went wrong beside a request: the listener's connection, a catalog that is away. */
  readonly failed?: (error: Error) => void;
}

/** Routes of the catalog. */
export interface CatalogRoutes extends RouteSource {
  locate(tenant: string, hint?: { readonly refresh: boolean; readonly goto?: unknown }): Promise<CatalogLocationRoute>;
  /** How often it asked the catalog, answered from what it knows, and answered so because the catalog was away. */
  stats(): { readonly asked: number; readonly known: number; readonly away: number; readonly kept: number };
  close(): Promise<void>;
}

interface Kept {
  /** Undefined: there is no such tenant. */
  readonly route: CatalogLocationRoute | undefined;
  /** Older than this generation: asked for again, and used while there is no answer. */
  readonly generation: number;
  readonly until: number;
}

// An unknown tenant is asked for again after this long: a flood of made-up ids must not reach the catalog.
const unknownMs = 2000;
// Made-up ids have a place of their own: they must not push out tenants that are known.
const mostUnknown = 1000;
// How often the listener asks whether its connection is still there: a half-open one would never hear of a change.
const heartbeatMs = 15_000;

/**
 * Opens a route source.
 * @example const routes = catalogRoutes({ url: process.env.CATALOG_URL, secrets });
 */
export function catalogRoutes(options: CatalogRoutesOptions): CatalogRoutes {
  const { url, secrets, service = "main", most = 10_000, timeoutMs = 2000, failed = () => {} } = options;
  const pool = new pg.Pool({
    connectionString: url,
    max: 2,
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs,
    application_name: "watertight routes",
    allowExitOnIdle: true,
  });
  pool.on("error", failed);
  // a connection that breaks while it is handed over, or after it was thrown away, would end the process
  pool.on("connect", (client) => client.on("error", () => {}));
  const kept = new LRUCache<string, Kept>({ max: most });
  const unknown = new LRUCache<string, Kept>({ max: mostUnknown });
  const asking = new Map<string, { answer: Promise<CatalogLocationRoute | undefined>; changed: boolean }>();
  const count = { asked: 0, known: 0, away: 0 };
  const closing = new AbortController();
  let generation = 0;
  const listening = listen(
    url,
    (payload) => {
      // Only marked: what is known stays usable while the catalog does not answer.
      if (payload === undefined || payload === "*") generation++;
      else {
        const question = asking.get(payload);
        // the answer on its way may be from before the change
        if (question !== undefined) question.changed = true;
        unknown.delete(payload);
        const known = kept.peek(payload);
        if (known !== undefined) kept.set(payload, { ...known, generation: -1 });
      }
    },
    closing.signal,
    failed,
  );

  const ask = async (tenant: string): Promise<CatalogLocationRoute | undefined> => {
    const asked = generation;
    count.asked++;
    const route = await readRoute(pool, tenant, service);
    const location = route === undefined ? undefined : await locationOf(route, secrets);
    const changed = asking.get(tenant)?.changed === true;
    const until = location === undefined ? Date.now() + unknownMs : Infinity;
    const answer = { route: location, generation: changed ? -1 : asked, until };
    if (location === undefined) {
      kept.delete(tenant);
      if (!changed) unknown.set(tenant, answer);
    } else {
      unknown.delete(tenant);
      kept.set(tenant, answer);
    }
    return location;
  };
  const askOnce = (tenant: string): Promise<CatalogLocationRoute | undefined> => {
    let question = asking.get(tenant);
    if (question === undefined) {
      question = { answer: ask(tenant).finally(() => asking.delete(tenant)), changed: false };
      asking.set(tenant, question);
    }
    return question.answer;
  };
  return {
    async locate(tenant, hint) {
      // no tenant has such an id: neither asked for nor remembered, however long
      if (tenant.includes("\0") || Buffer.byteLength(tenant) > 200) throw notServed();
      const known = kept.get(tenant) ?? unknown.get(tenant);
      const fresh = known !== undefined && known.generation === generation && known.until > Date.now();
      let route = known?.route;
      if (fresh && hint?.refresh !== true) count.known++;
      else
        try {
          route = await askOnce(tenant);
        } catch (error) {
          if (route === undefined && (error as { code?: string }).code === "WT_SECRET") throw error;
          if (route === undefined)
            throw controlError("WT_CATALOG_UNREACHABLE", { detail: (error as { code?: string }).code, cause: error });
          count.away++;
          failed(error as Error);
        }
      if (route === undefined) throw notServed();
      return route;
    },
    stats: () => ({ ...count, kept: kept.size }),
    async close() {
      closing.abort();
      await listening;
      await pool.end();
    },
  };
}

const notServed = (): Error => controlError("WT_CATALOG_NOT_FOUND", { detail: "a tenant that is served" });

async function listen(
  url: string,
  changed: (tenant: string | undefined) => void,
  signal: AbortSignal,
  failed: (error: Error) => void,
): Promise<void> {
  while (!signal.aborted) {
    const client = new pg.Client({
      connectionString: url,
      application_name: "watertight route listener",
      keepAlive: true,
      connectionTimeoutMillis: 5000,
      query_timeout: 5000,
    });
    let ended = false;
    const gone = new Promise<void>((resolve) => {
      const end = (): void => {
        ended = true;
        resolve();
      };
      client.on("end", end);
      client.on("error", (error) => {
        failed(error);
        end();
      });
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
    client.on("notification", ({ payload }) => changed(payload));
    try {
      await client.connect();
      await client.query("listen watertight_route");
      // what was changed while nobody listened is not known
      changed(undefined);
      while (!ended && !signal.aborted) {
        await Promise.race([gone, sleep(heartbeatMs, undefined, { signal, ref: false }).catch(() => {})]);
        if (!ended && !signal.aborted) await client.query("select 1");
      }
    } catch (error) {
      failed(error as Error);
    } finally {
      // its socket may be half open: not waited for
      void client.end().catch(() => {});
    }
    if (!signal.aborted) await sleep(500, undefined, { signal }).catch(() => {});
  }
}
