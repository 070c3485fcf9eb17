/**
 * Which combinations are measured. Pure. A group is what runs interleaved: the variants of one driver, transport and width.
 */
import { caseNames, type CaseName } from "../data/cases.ts";
import { drivers, type Driver, variants, type Variant } from "../drivers/target.ts";
import { transportNames, type TransportName } from "../transport/transport.ts";

/** Variants that are measured together, case by case. */
export interface Group {
  readonly driver: Driver;
  readonly transport: TransportName;
  readonly connections: number;
  readonly cases: readonly CaseName[];
  readonly variants: readonly Variant[];
}

/** What to leave out. */
export interface Selection {
  readonly quick: boolean;
  readonly drivers?: readonly Driver[];
  readonly variants?: readonly Variant[];
  readonly cases?: readonly CaseName[];
  readonly transports?: readonly TransportName[];
  readonly connections?: readonly number[];
}

const widths = [1, 8, 64];

/** All groups of a run, in order. PGlite is one connection inside the process, so it has no transport and no width. */
export function planGroups(selection: Selection): Group[] {
  const keep = <T>(all: readonly T[], wanted: readonly T[] | undefined): T[] =>
    all.filter((one) => wanted?.includes(one) ?? true);
  const groups: Group[] = [];
  for (const driver of keep(drivers, selection.drivers)) {
    for (const connections of keep(driver === "pglite" ? [1] : widths, selection.connections)) {
      for (const transport of keep(driver === "pglite" ? (["raw"] as const) : transportNames, selection.transports)) {
        groups.push({
          driver,
          transport,
          connections,
          // Opening 64 connections for each variant takes longer than a quick run may take for everything but one case.
          cases: keep(selection.quick && connections === 64 ? ["point"] : caseNames, selection.cases),
          // The others are ratios to it.
          variants: variants.filter((one) => one === "unscoped" || (selection.variants?.includes(one) ?? true)),
        });
      }
    }
  }
  return groups.filter((group) => group.cases.length > 0);
}

/** Number of results that a plan gives. */
export function countCells(groups: readonly Group[]): number {
  return groups.reduce((sum, group) => sum + group.cases.length * group.variants.length, 0);
}

/** A part of a run that takes time: cells that are measured, and connections that are opened for them. */
export interface Share {
  readonly cells: number;
  readonly connections: number;
}

/** What a group asks of a run's time. */
export function shareOf(group: Group): Share {
  return { cells: group.cases.length * group.variants.length, connections: group.connections * group.variants.length };
}

// Opening and warming a connection takes about as long as this many cells are measured.
const connectionWeight = 0.15;
const weight = (share: Share): number => share.cells + share.connections * connectionWeight;

/**
 * Milliseconds for each cell of the next share, so that it and all later ones end in time: on a slow or busy machine a quick run becomes
 * noisier, not longer.
 */
export function cellBudget(next: Share, later: readonly Share[], remainingMs: number): number {
  const all = weight(next) + later.reduce((sum, share) => sum + weight(share), 0);
  const slice = (Math.max(0, remainingMs) * weight(next)) / all;
  // Half of it for measuring; the rest goes into connecting, warming up, and calls that are longer than their slice.
  return Math.min(150, Math.max(6, (slice * 0.5) / next.cells));
}
