// The result of a run as one value: what the table prints and `--json` writes. Pure.
import type { Model } from "../fleet/models.ts";
import { models } from "../fleet/models.ts";
import type { Encounter, FleetReport } from "../fleet/play.ts";
import type { Hole } from "../holes/hole.ts";
import { layerOf } from "../holes/hole.ts";
import type { Outcome } from "../intruder/intruder.ts";
import type { ActReport } from "../run/act.ts";

export interface ResultRow {
  attempt: string;
  title: string;
  holes: { id: string; vector: string; layer: string }[];
  /** With its hole open, where all tenants share tables; attempts at the borders between places have none. */
  open?: Outcome;
  /** As shipped, by an intruder of the same model; absent where the attempt means nothing in that model. */
  shipped: Partial<Record<Model, Outcome>>;
  /** As wanted: leaked with its hole open, refused as shipped, in every model and across them. */
  ok: boolean;
}

export interface RecordedEvent {
  kind: string;
  relation: string | null;
  count: number;
}

export interface Result {
  schemaVersion: 2;
  postgres: number;
  rows: number;
  tenants: number;
  /** Tenants by model. */
  population: Record<Model, number>;
  seconds: number;
  openHoles: string[];
  attempts: ResultRow[];
  leakedOpen: number;
  leakedShipped: number;
  /** Every intruder against every victim, as shipped. */
  encounters: Encounter[];
  honest: { steps: number; failed: string[]; foreignRowsOpen: number; foreignRowsShipped: number };
  /** What the databases of the shipped act wrote down by themselves. */
  events: RecordedEvent[];
  ok: boolean;
}

export interface Facts {
  postgres: number;
  rows: number;
  tenants: number;
  population: Record<Model, number>;
  seconds: number;
  openHoles: readonly Hole[];
  open: ActReport;
  shipped: FleetReport;
  events: RecordedEvent[];
}

export function resultOf(facts: Facts): Result {
  const { encounters, days } = facts.shipped;
  const attempts = rowsOf(facts);
  const foreignRowsShipped = days.reduce((total, { day }) => total + day.foreignRows, 0);
  const failed = [
    ...facts.open.days.flatMap((day) => day.failed.map((step) => `open: ${step}`)),
    ...days.flatMap(({ model, day }) => day.failed.map((step) => `${model}: ${step}`)),
  ];
  // all of them, also those whose hole was not opened in this run
  const leakedShipped = encounters.reduce((sum, { outcomes }) => sum + leaks(outcomes), 0);
  const complete = models.every((attacker) =>
    models.every((victim) => encounters.some((each) => each.attacker === attacker && each.victim === victim)),
  );
  return {
    schemaVersion: 2,
    postgres: facts.postgres,
    rows: facts.rows,
    tenants: facts.tenants,
    population: facts.population,
    seconds: facts.seconds,
    openHoles: facts.openHoles.map((hole) => hole.id),
    attempts,
    leakedOpen: attempts.filter(({ open }) => open?.leaked).length,
    leakedShipped,
    encounters,
    honest: {
      steps: days.reduce((total, { day }) => total + day.steps, 0),
      failed,
      foreignRowsOpen: facts.open.days.reduce((total, day) => total + day.foreignRows, 0),
      foreignRowsShipped,
    },
    events: facts.events,
    ok:
      complete &&
      attempts.some(({ open }) => open !== undefined) &&
      attempts.every((row) => row.ok) &&
      leakedShipped === 0 &&
      encounters.every(({ outcomes }) => outcomes.every(explained)) &&
      failed.length === 0 &&
      foreignRowsShipped === 0,
  };
}

const leaks = (outcomes: readonly Outcome[]): number => outcomes.filter(({ leaked }) => leaked).length;

/** What failed for no reason of ours (no connection left, say) was not tried at all. */
const explained = ({ leaked, stops }: Outcome): boolean => leaked || stops.length > 0;

/** Attempts whose hole was open, and those that need none: what is tried at the borders between places. */
function rowsOf({ openHoles, open: { outcomes: opened }, shipped: { encounters } }: Facts): ResultRow[] {
  const titles = new Map(encounters.flatMap(({ outcomes }) => outcomes.map(({ id, title }) => [id, title] as const)));
  return [...titles].flatMap(([id, title]): ResultRow[] => {
    const holes = openHoles.filter((hole) => hole.attacks.includes(id));
    const open = opened.find((outcome) => outcome.id === id);
    if (open !== undefined && holes.length === 0) return [];
    const all = encounters.flatMap(({ outcomes }) => outcomes.filter((outcome) => outcome.id === id));
    const alike = encounters.flatMap(({ attacker, victim, outcomes }) => {
      const outcome = outcomes.find((each) => each.id === id);
      return attacker === victim && outcome !== undefined ? [[attacker, outcome] as const] : [];
    });
    return [
      {
        attempt: id,
        title,
        holes: holes.map((hole) => ({ id: hole.id, vector: hole.vector, layer: layerOf(hole) })),
        ...(open === undefined ? {} : { open }),
        shipped: Object.fromEntries(alike),
        ok: open?.leaked !== false && leaks(all) === 0,
      },
    ];
  });
}
