/**
 * The plan of a release: who is behind and by what, which locks it takes, how long it may take. Reads only; what it prints is what `apply` would
 * do now.
 */
import { lockModes, type TableLock } from "../release/locks.ts";
import type { Release, ReleaseFile } from "../release/release.ts";
import { serverKey, type Target, type TargetModel } from "../target.ts";
import { Lanes } from "../waves/lanes.ts";
import { estimateOf, type History } from "./estimate.ts";
import { readStandings, type StandingOptions, type TargetStanding } from "./standing.ts";

/** How to plan. */
export interface PlanOptions extends StandingOptions {
  /** Connections for each server; default 4. */
  readonly concurrency?: number;
  /** What migrations took elsewhere: the store's `durations()`. */
  readonly history?: History;
}

/** One migration of a plan. */
export interface PlannedFile {
  readonly name: string;
  readonly file: string;
  readonly position: number;
  /** Targets that it will run in. */
  readonly targets: number;
  /** Statements outside of a transaction. */
  readonly alone: number;
  readonly locks: readonly TableLock[];
  /** Milliseconds for one target. */
  readonly estimateMs: number;
  readonly measured: boolean;
}

/** One target of a plan. */
export interface PlannedTarget {
  readonly target: string;
  readonly model: TargetModel;
  readonly server: string;
  readonly version: string | null;
  readonly missing: readonly string[];
  readonly begun: boolean;
  readonly problem: { readonly code: string; readonly message: string } | null;
}

/** What a release would do. */
export interface MigrationPlan {
  readonly release: string;
  readonly targets: readonly PlannedTarget[];
  readonly files: readonly PlannedFile[];
  readonly totals: {
    readonly targets: number;
    readonly current: number;
    readonly behind: number;
    readonly problems: number;
    /** Milliseconds for all of it. */
    readonly estimateMs: number;
  };
}

/**
 * Plans a release.
 * @throws MigrationError WT_MIGRATION_TARGET
 * @example console.log(planText(await planMigrations(targets, release)));
 */
export async function planMigrations(
  targets: readonly Target[],
  release: Release,
  { concurrency = 4, history = new Map(), readLedgers = false }: PlanOptions = {},
): Promise<MigrationPlan> {
  const lanes = new Lanes({ concurrency });
  try {
    return planOf(await readStandings(targets, release, lanes, { readLedgers }), release, concurrency, history);
  } finally {
    await lanes.close();
  }
}

/** The plan behind standings that were read. Pure. */
function planOf(
  standings: readonly TargetStanding[],
  release: Release,
  concurrency: number,
  history: History,
): MigrationPlan {
  const counts = new Map<ReleaseFile, number>();
  const perServer = new Map<string, number>();
  for (const { target, missing, problem } of standings) {
    if (problem !== null) continue;
    for (const file of missing) counts.set(file, (counts.get(file) ?? 0) + 1);
    const ms = missing.reduce((sum, file) => sum + estimateOf(file, history), 0);
    perServer.set(serverKey(target), (perServer.get(serverKey(target)) ?? 0) + ms);
  }
  const problems = standings.filter(({ problem }) => problem !== null).length;
  const behind = standings.filter(({ missing, problem }) => problem === null && missing.length > 0).length;
  return {
    release: release.id,
    targets: standings.map(({ target, version, missing, begun, problem }) => ({
      target: target.id,
      model: target.model,
      server: serverKey(target),
      version,
      missing: missing.map(({ name }) => name),
      begun,
      problem,
    })),
    files: release.files.filter((file) => counts.has(file)).map((file) => planned(file, counts.get(file)!, history)),
    totals: {
      targets: standings.length,
      current: standings.length - behind - problems,
      behind,
      problems,
      estimateMs: Math.round(Math.max(0, ...[...perServer.values()].map((ms) => ms / concurrency))),
    },
  };
}

function planned(file: ReleaseFile, targets: number, history: History): PlannedFile {
  const strongest = new Map<string, TableLock>();
  for (const step of file.steps)
    for (const { locks } of step.kind === "alone" ? [step.statement] : step.statements)
      for (const lock of locks) {
        const before = strongest.get(`${lock.table} ${lock.work}`);
        if (before === undefined || lockModes.indexOf(before.mode) < lockModes.indexOf(lock.mode))
          strongest.set(`${lock.table} ${lock.work}`, lock);
      }
  return {
    name: file.name,
    file: file.file,
    position: file.position,
    targets,
    alone: file.steps.filter(({ kind }) => kind === "alone").length,
    locks: [...strongest.values()],
    estimateMs: Math.round(estimateOf(file, history) * 10) / 10,
    measured: history.has(file.name),
  };
}
