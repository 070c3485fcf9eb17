// The result of a run as one value: what the table prints and `--json` writes. Pure.
import type { Hole } from "../holes/hole.ts";
import { layerOf } from "../holes/hole.ts";
import type { Outcome } from "../intruder/intruder.ts";
import type { ActReport } from "../run/act.ts";

export interface ResultRow {
  attempt: string;
  title: string;
  holes: { id: string; vector: string; layer: string }[];
  open: Outcome;
  shipped: Outcome;
  /** As wanted: leaked with its hole open, refused as shipped. */
  ok: boolean;
}

export interface RecordedEvent {
  kind: string;
  relation: string | null;
  count: number;
}

export interface Result {
  schemaVersion: 1;
  postgres: number;
  rows: number;
  tenants: number;
  seconds: number;
  openHoles: string[];
  attempts: ResultRow[];
  leakedOpen: number;
  leakedShipped: number;
  honest: { steps: number; failed: string[]; foreignRowsOpen: number; foreignRowsShipped: number };
  /** What the database of the shipped act wrote down by itself. */
  events: RecordedEvent[];
  ok: boolean;
}

export interface Facts {
  postgres: number;
  rows: number;
  tenants: number;
  seconds: number;
  openHoles: readonly Hole[];
  open: ActReport;
  shipped: ActReport;
  events: RecordedEvent[];
}

export function resultOf(facts: Facts): Result {
  const attempts = facts.shipped.outcomes.flatMap((shipped): ResultRow[] => {
    const open = facts.open.outcomes.find(({ id }) => id === shipped.id);
    const holes = facts.openHoles.filter((hole) => hole.attacks.includes(shipped.id));
    if (open === undefined || holes.length === 0) return [];
    return [
      {
        attempt: shipped.id,
        title: shipped.title,
        holes: holes.map((hole) => ({ id: hole.id, vector: hole.vector, layer: layerOf(hole) })),
        open,
        shipped,
        ok: open.leaked && !shipped.leaked,
      },
    ];
  });
  const sum = (report: ActReport): number => report.days.reduce((total, day) => total + day.foreignRows, 0);
  const failed = [
    ...facts.open.days.flatMap((day) => day.failed.map((step) => `open: ${step}`)),
    ...facts.shipped.days.flatMap((day) => day.failed),
  ];
  const foreignRowsShipped = sum(facts.shipped);
  // all of them, also those whose hole was not opened in this run
  const leakedShipped = facts.shipped.outcomes.filter((outcome) => outcome.leaked).length;
  return {
    schemaVersion: 1,
    postgres: facts.postgres,
    rows: facts.rows,
    tenants: facts.tenants,
    seconds: facts.seconds,
    openHoles: facts.openHoles.map((hole) => hole.id),
    attempts,
    leakedOpen: attempts.filter(({ open }) => open.leaked).length,
    leakedShipped,
    honest: {
      steps: facts.shipped.days.reduce((total, day) => total + day.steps, 0),
      failed,
      foreignRowsOpen: sum(facts.open),
      foreignRowsShipped,
    },
    events: facts.events,
    ok:
      attempts.length > 0 &&
      attempts.every((row) => row.ok) &&
      leakedShipped === 0 &&
      failed.length === 0 &&
      foreignRowsShipped === 0,
  };
}
