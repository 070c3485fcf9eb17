/**
 * The newest release of a service and its places: who is behind, bring them there, look for what is not as it should be. The targets come from the catalog,
 * the connections are the provisioner's. Must never say that all is done while an active tenant is behind.
 */
import type { Actor } from "../audit-log/append-audit.ts";
import { getService, raiseMinimum } from "../catalog/services.ts";
import { type CatalogPool, withConnection } from "../db/transaction.ts";
import { planMigrations, type MigrationPlan } from "../migrations/plan/plan-migrations.ts";
import { filesFor, type Release } from "../migrations/release/release.ts";
import { readVersion } from "../migrations/release/schema-version.ts";
import type { ConnectConfig, Target } from "../migrations/target.ts";
import { postgresStore, type StoreConnection } from "../migrations/waves/postgres-store.ts";
import { runWaves, type WaveOptions, type WaveResult } from "../migrations/waves/run-waves.ts";
import type { WaveStore } from "../migrations/waves/wave-store.ts";
import type { Secrets } from "../secrets/secrets.ts";
import { countDenied } from "./count-denied.ts";
import { asMigrationSession } from "./migration-session.ts";
import { notePlaceVersions, placeTargets, type PlaceTarget } from "./place-targets.ts";
import { readRelease } from "./release-rows.ts";

/** Which places. */
export interface PlacesOptions {
  /** Default `main`. */
  readonly service?: string;
  readonly secrets: Secrets;
  /** The application's central database, for files of scope `catalog`. */
  readonly central?: ConnectConfig;
  /** Connections for each cell; default 4. */
  readonly concurrency?: number;
}

/** How to migrate. */
export interface MigratePlaces
  extends PlacesOptions, Pick<WaveOptions, "waves" | "canaries" | "resume" | "only" | "apply" | "onEvent" | "signal"> {
  readonly pauseOn?: {
    /** Share of failed targets of a wave; default 0: the first failure. `false`: never. */
    readonly error?: number | false;
    /** Denied accesses in the places since the run began; absent: not counted. */
    readonly denied?: number;
    /** Times their estimate that 95 % of the targets may take. */
    readonly slow?: number;
  };
}

/** What a run came to. */
export interface MigratedPlaces extends WaveResult {
  readonly service: string;
  readonly version: number;
  /** Targets that are not at the release now, also those that came while it ran. */
  readonly behind: readonly string[];
  /** The least version that is served from now on; null: it stays, because somebody is behind. */
  readonly minimum: number | null;
  /** Files of scope `catalog` that ran nowhere, because no central database was named. */
  readonly withoutPlace: readonly string[];
}

/** What one would do. */
export interface PlacesPlan extends MigrationPlan {
  readonly service: string;
  readonly version: number;
  readonly withoutPlace: readonly string[];
}

/** The store of runs of a service. */
export function runStore(pool: CatalogPool, service: string = "main"): WaveStore {
  const connection: StoreConnection = {
    query: (text, params) =>
      withConnection(pool, (db) => db.query(text, params as never)) as Promise<{ rows: unknown[] }>,
  };
  return postgresStore(connection, { service });
}

/**
 * Plans the newest release of a service over its places. Reads only.
 * @param of default: the newest release; another one for files that are not released yet
 * @throws ControlError WT_CATALOG_NOT_FOUND, WT_SECRET
 */
export async function planPlaces(
  pool: CatalogPool,
  actor: Actor,
  options: PlacesOptions,
  of?: Release,
): Promise<PlacesPlan> {
  const { service = "main", secrets, concurrency = 4 } = options;
  const release = of ?? (await withConnection(pool, (db) => readRelease(db, service)));
  return asMigrationSession(pool, actor, "plan", service, async (application) => {
    const targets = await placeTargets(pool, secrets, service, application);
    const history = await runStore(pool, service).durations();
    const plan = await planMigrations(withCentral(targets, release, options), release, { concurrency, history });
    return { ...plan, service, version: release.files.length, withoutPlace: withoutPlace(release, options) };
  });
}

/**
 * Brings the places of a service to its newest release, wave by wave. Once nobody is behind, the service's least version follows: no older place turns
 * active after that.
 * @throws ControlError WT_CATALOG_NOT_FOUND, WT_SECRET; MigrationError those of runWaves
 */
export async function migratePlaces(pool: CatalogPool, actor: Actor, options: MigratePlaces): Promise<MigratedPlaces> {
  const { service = "main", secrets, concurrency = 4, pauseOn = {} } = options;
  const release = await withConnection(pool, (db) => readRelease(db, service));
  const version = release.files.length;
  return asMigrationSession(pool, actor, "apply", service, async (application) => {
    const places = await placeTargets(pool, secrets, service, application);
    const { denied, error, slow } = pauseOn;
    const result = await runWaves({
      ...options,
      targets: withCentral(places, release, options),
      release,
      concurrency,
      store: notingStore(pool, service, places),
      pauseOn: {
        ...(error === undefined ? {} : { error }),
        ...(slow === undefined ? {} : { slow }),
        ...(denied === undefined ? {} : { denied: { most: denied, count: (since) => countDenied(places, since) } }),
      },
    });
    // read again: tenants may have come meanwhile, and an earlier run may have died before it noted what it did
    const now = await placeTargets(pool, secrets, service, application);
    const { targets } = await planMigrations(withCentral(now, release, options), release, { concurrency });
    const late = new Set(
      targets.filter(({ missing, problem }) => missing.length > 0 || problem !== null).map(({ target }) => target),
    );
    await notePlaceVersions(
      pool,
      service,
      now.filter(({ id }) => !late.has(id)).map(({ location }) => ({ location, version })),
    );
    const minimum = late.size > 0 ? null : await raised(pool, actor, service, version);
    return {
      ...result,
      service,
      version,
      behind: [...late],
      minimum,
      withoutPlace: withoutPlace(release, options),
    };
  });
}

/** A second one that already is at it changes nothing; a tenant that turned active below it meanwhile is the next run's. */
async function raised(pool: CatalogPool, actor: Actor, service: string, version: number): Promise<number | null> {
  const { minVersion } = await withConnection(pool, (db) => getService(db, service));
  if (minVersion >= version) return minVersion;
  return raiseMinimum(pool, actor, service, version).then(
    (raisedTo) => raisedTo.minVersion,
    (error: { code?: string }) => {
      if (error.code !== "WT_CATALOG_STATE") throw error;
      return null;
    },
  );
}

/** What targets are done with is in the catalog while the run goes on. */
function notingStore(pool: CatalogPool, service: string, places: readonly PlaceTarget[]): WaveStore {
  const store = runStore(pool, service);
  const locations = new Map(places.map(({ id, location }) => [id, location]));
  return {
    ...store,
    async mirror(entries) {
      await store.mirror(entries);
      await notePlaceVersions(
        pool,
        service,
        entries.flatMap(({ target, version }) => {
          const location = locations.get(target);
          const position = readVersion(version)?.position;
          return location === undefined || position === undefined ? [] : [{ location, version: position }];
        }),
      );
    },
  };
}

const centralId = "central";

function withCentral(places: readonly PlaceTarget[], release: Release, { central }: PlacesOptions): Target[] {
  if (central === undefined || filesFor(release, "catalog").length === 0) return [...places];
  return [{ id: centralId, model: "catalog", connect: central }, ...places];
}

function withoutPlace(release: Release, { central }: PlacesOptions): string[] {
  return central === undefined ? filesFor(release, "catalog").map(({ name }) => name) : [];
}
