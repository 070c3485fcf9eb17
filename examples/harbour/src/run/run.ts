// The whole run: server, data, two acts, result. Everything it starts it hands back to be closed, in the order that leaves nothing behind.
import { tenancy } from "@watertight/runtime";
import { defaultOptions, generate } from "../data/generate.ts";
import { openCluster } from "../database/cluster.ts";
import { buildTemplate, installSite } from "../database/install.ts";
import type { Site } from "../database/site.ts";
import { holes } from "../holes/holes.ts";
import type { Hole } from "../holes/hole.ts";
import { resultOf } from "../report/result.ts";
import type { RecordedEvent, Result } from "../report/result.ts";
import { startHarbour } from "../server/start-harbour.ts";
import type { Harbour } from "../server/serve-harbour.ts";
import { playAct } from "./act.ts";
import { castOf } from "./cast.ts";
import type { Cast } from "./cast.ts";

export interface RunOptions {
  databaseUrl: string | undefined;
  seed: string | undefined;
  /** Holes of the first act; all of them when empty. */
  open: readonly Hole[];
  /** Ports for the shipped server, in the order of trying. */
  ports: readonly number[];
  /** Keep the server of the first act up as well. */
  keepOpen: boolean;
  /** Progress for people. */
  say: (text: string) => void;
  signal: AbortSignal;
}

export interface Run {
  result: Result;
  cast: Cast;
  shipped: Harbour;
  open: Harbour | undefined;
  /** URL of the shipped database as the application's role; only on the embedded server, where it holds no password. */
  database: string | undefined;
}

/** Collects what must be closed; the last opened is closed first, and what opens too late is closed at once. */
export class Closers {
  readonly #closers: (() => Promise<void>)[] = [];
  #over = false;
  async add(close: () => Promise<void>): Promise<void> {
    if (this.#over) await close();
    else this.#closers.push(close);
  }
  async closeAll(): Promise<void> {
    this.#over = true;
    for (let close = this.#closers.pop(); close !== undefined; close = this.#closers.pop()) await close();
  }
}

export async function run(options: RunOptions, closers: Closers): Promise<Run> {
  const started = performance.now();
  const { say, signal } = options;
  const check = (): void => signal.throwIfAborted();

  say(
    options.databaseUrl === undefined
      ? "Starting an embedded PostgreSQL 18"
      : "Connecting to the server of DATABASE_URL",
  );
  const opening = openCluster(options.databaseUrl);
  // computed while the server boots in its own process
  const dataset = generate({ ...defaultOptions, ...(options.seed === undefined ? {} : { seed: options.seed }) });
  const cluster = await opening;
  await closers.add(() => cluster.close());
  check();
  const cast = castOf(dataset);
  say(`Loading ${dataset.rowCount.toLocaleString("en-US")} rows of ${dataset.companies.length} tenants`);
  const template = await buildTemplate(cluster, dataset);
  check();

  const wanted = options.open.length > 0 ? options.open : holes;
  const level = wanted.some((hole) => hole.plainLevel) ? "plain" : "sealed";
  const leakySite = await installSite(cluster, template, "open", level);
  const openHoles = wanted.filter((hole) => !hole.needsBypass || leakySite.above !== "nobody");
  for (const hole of wanted)
    if (!openHoles.includes(hole))
      say(`Not opened, because no role of this server may bypass row security: ${hole.vector} ${hole.id}`);
  say(`Act 1: ${openHoles.length} of ${holes.length} holes open, level ${level}`);
  const leaky = await startHarbour(leakySite, openHoles);
  const closeLeaky = once(() => leaky.close());
  await closers.add(closeLeaky);
  check();
  const open = await playAct(leakySite, leaky, cast);
  if (!options.keepOpen) await closeLeaky();
  check();

  say("Act 2: as shipped, all holes closed, level sealed");
  const site = await installSite(cluster, template, "shipped", "sealed");
  const harbour = await startHarbour(site, [], options.ports);
  await closers.add(() => harbour.close());
  check();
  let probes = 0;
  const unsubscribe = tenancy.on("probe", () => {
    probes += 1;
  });
  const shipped = await playAct(site, harbour, cast);
  unsubscribe();
  const events = await recordedEvents(site, probes);
  const seconds = (performance.now() - started) / 1000;
  const result = resultOf({
    postgres: cluster.version,
    rows: dataset.rowCount,
    tenants: dataset.companies.length,
    seconds,
    openHoles,
    open,
    shipped,
    events,
  });
  return {
    result,
    cast,
    shipped: harbour,
    open: options.keepOpen ? leaky : undefined,
    database: cluster.embedded ? cluster.url(site.database, cluster.roles.app) : undefined,
  };
}

/** What the kit wrote down. Probes are reported out of band, so they may arrive a moment after the last reply. */
async function recordedEvents(site: Site, probes: number): Promise<RecordedEvent[]> {
  return site.cluster.asAdmin(site.database, async (client) => {
    for (let wait = 0; ; wait += 1) {
      const { rows } = await client.query<RecordedEvent>(
        "select kind, relation, count(*)::int as count from watertight.event where kind in ('cross_tenant_probe', 'missing_row', 'not_visible', 'own_row') group by 1, 2 order by 3 desc, 1, 2",
      );
      if (wait >= 20 || rows.reduce((sum, row) => sum + row.count, 0) >= probes) return rows;
      await new Promise((resolve) => {
        setTimeout(resolve, 100);
      });
    }
  });
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => (done ??= work());
}
