/**
 * A release over many targets, wave by wave: the canaries first, a pause when errors, denied events or slowness say so, and the way on. What is done
 * stays done; a run can be resumed by any process. Must never start a wave while the one before it is in question.
 */
import { randomUUID } from "node:crypto";
import { performance } from "node:perf_hooks";
import type { ApplyOptions } from "../apply/apply-to-target.ts";
import { MigrationError } from "../migration-error.ts";
import type { History } from "../plan/estimate.ts";
import { readStandings, type StandingOptions, type TargetStanding } from "../plan/standing.ts";
import type { Release } from "../release/release.ts";
import type { Target } from "../target.ts";
import { Lanes } from "./lanes.ts";
import { type FailureGroup, groupFailures } from "./group-failures.ts";
import { type PauseOn, waveSizes } from "./pause.ts";
import { runWave, type WaveTarget } from "./run-wave.ts";
import type { WaveEvent } from "./wave-event.ts";
import type { Run, RunState, RunTarget, WaveStore } from "./wave-store.ts";

/** What to run. */
export interface WaveOptions extends StandingOptions {
  readonly targets: readonly Target[];
  readonly release: Release;
  readonly store: WaveStore;
  /** Shares of the targets that are behind, each including the ones before it; default 1%, 10%, 100%. */
  readonly waves?: readonly (string | number)[];
  /** Ids of the targets that go first. */
  readonly canaries?: readonly string[];
  /** Connections for each server; default 4. */
  readonly concurrency?: number;
  readonly pauseOn?: PauseOn;
  /** Goes on with this run: its targets that are not done; those that failed only when told by `only`. */
  readonly resume?: string;
  /** `failed`: of the resumed run, the targets that failed and nothing else. */
  readonly only?: "failed";
  readonly apply?: Pick<ApplyOptions, "limits" | "budgetMs" | "random">;
  /** Progress, one plain object each: printed as a line of JSON, or counted. */
  readonly onEvent?: (event: WaveEvent) => void;
  /** Stops the run: what is under way comes to its end. */
  readonly signal?: AbortSignal;
}

/** How a run ended. */
export interface WaveResult {
  /** Its id, for `resume`; null when nothing was to do. */
  readonly run: string | null;
  readonly release: string;
  readonly state: RunState;
  /** Why it paused. */
  readonly reason: string | null;
  readonly counts: Readonly<Record<RunTarget["state"] | "current", number>>;
  /** Failures, the same ones together. */
  readonly groups: readonly FailureGroup[];
  /** New tables of pools that were left without protection. */
  readonly unprotected: readonly string[];
  readonly durationMs: number;
  /** What to do next, for a person. */
  readonly next: string;
}

/**
 * Brings all targets to a release.
 * @throws MigrationError WT_MIGRATION_OPTION, WT_MIGRATION_RUN, WT_MIGRATION_TARGET; what happens in a target is in the result
 * @example
 * const result = await runWaves({ targets, release, store, waves: ["1%", "10%", "100%"], pauseOn: { error: 0.02 } });
 * if (result.state === "paused") console.log(result.reason, result.groups, result.next);
 */
export async function runWaves(options: WaveOptions): Promise<WaveResult> {
  const begun = performance.now();
  const { targets, concurrency = 4 } = options;
  if (!(Number.isInteger(concurrency) && concurrency > 0))
    throw new MigrationError("WT_MIGRATION_OPTION", { detail: `concurrency ${concurrency}` });
  if (new Set(targets.map(({ id }) => id)).size < targets.length)
    throw new MigrationError("WT_MIGRATION_TARGET", { detail: "two targets have one id" });
  const lanes = new Lanes({
    concurrency,
    ...(options.apply?.limits === undefined ? {} : { limits: options.apply.limits }),
  });
  try {
    return await withLanes(options, lanes, begun);
  } finally {
    await lanes.close();
  }
}

async function withLanes(options: WaveOptions, lanes: Lanes, begun: number): Promise<WaveResult> {
  const { targets, release, store, onEvent = () => {} } = options;
  const standings = await readStandings(targets, release, lanes, options);
  const behind = standings.filter(
    ({ missing, onlyVersion, problem }) => missing.length > 0 || onlyVersion || problem !== null,
  );
  const history: History = behind.length === 0 ? new Map() : await store.durations();
  const current = standings.length - behind.length;
  const opened = options.resume === undefined ? await begin(options, behind) : await reopen(options, standings);
  if (opened === undefined) return nothingToDo(release, current, begun);
  const { run } = opened;
  onEvent({ event: "run", run: run.id, release: release.id, targets: run.targets.length, current });
  const reached = await waveAfterWave({ ...opened, options, standings, history, lanes });
  const { outcomes, reason } = reached;
  const state = endState(options, outcomes, reason);
  await store.setState(run.id, state, reason);
  const counts = { current, ...counted(outcomes) };
  const groups = groupFailures(outcomes);
  onEvent({ event: "end", run: run.id, state, reason, counts });
  const durationMs = performance.now() - begun;
  const next = nextStep(state, run.id, groups);
  return {
    run: run.id,
    release: release.id,
    state,
    reason,
    counts,
    groups,
    unprotected: reached.unprotected,
    durationMs,
    next,
  };
}

const nothingToDo = (release: Release, current: number, begun: number): WaveResult => ({
  run: null,
  release: release.id,
  state: "done",
  reason: null,
  counts: { current, ...counted([]) },
  groups: [],
  unprotected: [],
  durationMs: performance.now() - begun,
  next: "Nothing to do: all targets are at this release.",
});

interface Opened {
  readonly run: Run;
  /** The last wave that was asked for. */
  readonly stopAfter: number;
  /** Targets that are left as they are this time. */
  readonly held: ReadonlySet<string>;
}

/** A new run over the targets that are behind; undefined when there is none. */
async function begin(
  { release, store, waves = ["1%", "10%", "100%"], canaries = [] }: WaveOptions,
  behind: readonly TargetStanding[],
): Promise<Opened | undefined> {
  const sizes = waveSizes(waves, behind.length);
  if (sizes === undefined)
    throw new MigrationError("WT_MIGRATION_OPTION", {
      detail: `waves ${waves.join(",")}: shares that grow, for example 1%,10%,100%`,
    });
  if (behind.length === 0) return undefined;
  const first = new Set(canaries);
  const ordered = [
    ...behind.filter(({ target }) => first.has(target.id)),
    ...behind.filter(({ target }) => !first.has(target.id)),
  ];
  const waveOf = (i: number): number => {
    const found = sizes.findIndex((size) => i < size);
    return found < 0 ? sizes.length + 1 : found + 1;
  };
  const targets = ordered.map(({ target }, i) => ({ ...pending, target: target.id, wave: waveOf(i) }));
  const run: Run = { id: randomUUID(), release: release.id, state: "running", reason: null, targets };
  await store.create(run);
  return { run, stopAfter: sizes.length, held: new Set() };
}

const pending = { state: "pending", failure: null, reason: null, durationMs: null } as const;

/** An earlier run, with what is left of it. What its targets' ledgers say meanwhile counts more than what it remembers. */
async function reopen(
  { resume, release, store, only }: WaveOptions,
  standings: readonly TargetStanding[],
): Promise<Opened> {
  const run = await store.load(resume!);
  if (run === undefined) throw new MigrationError("WT_MIGRATION_RUN", { detail: resume! });
  if (run.release !== release.id)
    throw new MigrationError("WT_MIGRATION_RUN", {
      detail: `run ${run.id} is of release ${run.release}, the files are ${release.id}`,
      next: "Begin a new run: targets that are done are not touched again.",
    });
  const wanted = only === "failed" ? ["failed"] : ["pending", "busy"];
  const there = new Map(standings.map((each) => [each.target.id, each]));
  const targets = run.targets.map((each) => {
    if (!wanted.includes(each.state)) return each;
    const standing = there.get(each.target);
    const isDone =
      standing !== undefined && standing.problem === null && standing.missing.length === 0 && !standing.onlyVersion;
    return { ...each, ...pending, state: isDone ? ("done" as const) : pending.state };
  });
  await store.setState(run.id, "running", null);
  // with `only`, what was pending waits for a resume of its own
  const held = new Set(
    run.targets.filter(({ state }) => only === "failed" && state !== only).map(({ target }) => target),
  );
  return { run: { ...run, targets }, stopAfter: Number.POSITIVE_INFINITY, held };
}

interface Course extends Opened {
  readonly options: WaveOptions;
  readonly standings: readonly TargetStanding[];
  readonly history: History;
  readonly lanes: Lanes;
}

async function waveAfterWave({ options, run, stopAfter, held, standings, history, lanes }: Course): Promise<{
  outcomes: readonly RunTarget[];
  reason: string | null;
  unprotected: string[];
}> {
  const { release, store, pauseOn = {}, onEvent = () => {}, signal, apply = {} } = options;
  const outcomes = new Map(run.targets.map((each) => [each.target, each]));
  const there = new Map(standings.map((each) => [each.target.id, each]));
  const unprotected = new Set<string>();
  const since = new Date();
  let reason: string | null = null;
  for (const wave of new Set(run.targets.map((each) => each.wave))) {
    if (wave > stopAfter) reason = `the waves that were asked for end with number ${stopAfter}`;
    if (reason !== null || signal?.aborted === true) break;
    const open: WaveTarget[] = [];
    for (const each of run.targets.filter(
      (one) => one.wave === wave && one.state === "pending" && !held.has(one.target),
    )) {
      const standing = there.get(each.target);
      if (standing === undefined) continue;
      open.push({ target: standing.target, standing, run: each });
    }
    if (open.length === 0) continue;
    onEvent({ event: "wave", run: run.id, wave, targets: open.length });
    reason = await runWave({
      run: run.id,
      open,
      release,
      store,
      history,
      lanes,
      pauseOn,
      since,
      apply,
      ...(signal === undefined ? {} : { signal }),
      onEvent,
      onOutcome: (outcome, tables) => {
        outcomes.set(outcome.target, outcome);
        for (const table of tables) unprotected.add(table);
      },
    });
    if (reason !== null) onEvent({ event: "pause", run: run.id, wave, reason });
  }
  return { outcomes: [...outcomes.values()], reason, unprotected: [...unprotected] };
}

function endState({ signal }: WaveOptions, outcomes: readonly RunTarget[], reason: string | null): RunState {
  if (reason !== null) return "paused";
  const left = outcomes.some(({ state }) => state !== "done" && state !== "skipped");
  if (left && signal?.aborted === true) return "cancelled";
  return left ? "incomplete" : "done";
}

function counted(outcomes: readonly RunTarget[]): Record<RunTarget["state"], number> {
  const count = { pending: 0, done: 0, failed: 0, busy: 0, skipped: 0 };
  for (const { state } of outcomes) count[state]++;
  return count;
}

function nextStep(state: RunState, run: string, groups: readonly FailureGroup[]): string {
  if (state === "done") return "Done.";
  const failed = groups.some(({ code }) => code !== "WT_MIGRATION_BUSY");
  const again = failed
    ? `Correct the cause, then: watertight migrations resume ${run} --only failed; or leave targets out: watertight migrations skip ${run} <target> --reason "…"; the rest: `
    : "";
  return `${again}watertight migrations resume ${run}`;
}

/**
 * Leaves targets out of a run; the reason is kept. They stay behind, and the next run of a release finds them again.
 * @throws MigrationError WT_MIGRATION_RUN, WT_MIGRATION_OPTION
 * @example await skipTargets(store, run, ["acme"], "migrated by hand on Friday, ticket 4711");
 */
export async function skipTargets(
  store: WaveStore,
  run: string,
  targets: readonly string[],
  reason: string,
): Promise<void> {
  if (reason.trim() === "")
    throw new MigrationError("WT_MIGRATION_OPTION", { detail: "a reason is needed to skip a target" });
  const found = await store.load(run);
  if (found === undefined) throw new MigrationError("WT_MIGRATION_RUN", { detail: run });
  const wanted = targets.map((target) => {
    const own = found.targets.find((each) => each.target === target);
    if (own === undefined)
      throw new MigrationError("WT_MIGRATION_RUN", { detail: `${target} is no target of run ${run}` });
    if (own.state === "done")
      throw new MigrationError("WT_MIGRATION_RUN", { detail: `${target} is done in run ${run}` });
    return { ...own, state: "skipped" as const, reason };
  });
  await store.record(run, wanted);
}
