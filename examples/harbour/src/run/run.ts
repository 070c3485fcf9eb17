// The whole run: server, data, two acts, result. Everything it starts it hands back to be closed, in the order that leaves nothing behind.
import { tenancy } from "@watertight/runtime";
import { defaultOptions, generate } from "../data/generate.ts";
import { openCluster } from "../database/cluster.ts";
import type { Cluster } from "../database/cluster.ts";
import { buildTemplate, installSite } from "../database/install.ts";
import { openFleet } from "../fleet/fleet.ts";
import type { Fleet } from "../fleet/fleet.ts";
import { startFleetHarbour } from "../fleet/fleet-harbour.ts";
import { models } from "../fleet/models.ts";
import { playFleet } from "../fleet/play.ts";
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
  fleet: Fleet;
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
  // the control plane works while the first act is played
  const fleetOpening = openFleet(cluster, dataset, signal);
  await closers.add(async () => (await fleetOpening.catch(() => undefined))?.close());
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

  say("Act 2: as shipped, on the four models that the control plane has made meanwhile");
  const fleet = await fleetOpening;
  check();
  const population = await fleet.plane.tenants();
  say(
    `${models.map((model) => `${population[model]} ${model}`).join(", ")}: an intruder of each model attacks each model`,
  );
  const harbour = await startFleetHarbour(fleet, options.ports);
  await closers.add(() => harbour.close());
  check();
  let probes = 0;
  const unsubscribe = tenancy.on("probe", () => {
    probes += 1;
  });
  // a second instance for the time of the act: half of the encounters each
  const second = await startFleetHarbour(fleet);
  const closeSecond = once(() => second.close());
  await closers.add(closeSecond);
  const shipped = await playFleet(fleet, [harbour, second], dataset, [cast.a, cast.b], { signal });
  await closeSecond();
  unsubscribe();
  const events = await recordedEvents(fleet, probes);
  const seconds = (performance.now() - started) / 1000;
  const result = resultOf({
    postgres: cluster.version,
    rows: dataset.rowCount,
    tenants: dataset.companies.length,
    population,
    seconds,
    openHoles,
    open,
    shipped,
    events,
  });
  return { result, cast, shipped: harbour, open: options.keepOpen ? leaky : undefined, fleet };
}

/** What the kit wrote down. Probes are reported out of band, so they may arrive a moment after the last reply. */
async function recordedEvents({ cluster, residences }: Fleet, probes: number): Promise<RecordedEvent[]> {
  const databases = new Set([...residences.values()].map(({ database }) => database));
  for (let wait = 0; ; wait += 1) {
    const found = new Map<string, RecordedEvent>();
    for (const database of databases)
      for (const { kind, relation, count } of await eventsIn(cluster, database)) {
        const known = found.get(`${kind} ${relation}`)?.count ?? 0;
        found.set(`${kind} ${relation}`, { kind, relation, count: known + count });
      }
    const events = [...found.values()].toSorted((a, b) => b.count - a.count);
    if (wait >= 20 || events.reduce((sum, { count }) => sum + count, 0) >= probes) return events;
    await new Promise((resolve) => {
      setTimeout(resolve, 100);
    });
  }
}

function eventsIn(cluster: Cluster, database: string): Promise<RecordedEvent[]> {
  return cluster.asAdmin(database, async (client) => {
    const { rows } = await client.query<RecordedEvent>(
      "select kind, relation, count(*)::int as count from watertight.event where kind in ('cross_tenant_probe', 'missing_row', 'not_visible', 'own_row') group by 1, 2 order by 3 desc, 1, 2",
    );
    return rows;
  });
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => (done ??= work());
}
