/**
 * One wave: its targets side by side within the limits of their servers; a target whose tables are busy goes to the end of the wave and gets one more
 * turn. Answers why the run must pause, after everything that was under way came to its end.
 */
import { performance } from "node:perf_hooks";
import { type ApplyOptions, applyToTarget, type MirrorEntry, type TargetResult } from "../apply/apply-to-target.ts";
import type { TargetConnection } from "../apply/connection.ts";
import { MigrationError } from "../migration-error.ts";
import { estimateOf, type History } from "../plan/estimate.ts";
import type { TargetStanding } from "../plan/standing.ts";
import type { Release } from "../release/release.ts";
import type { Target } from "../target.ts";
import type { Lanes } from "./lanes.ts";
import { pauseReason, type PauseOn } from "./pause.ts";
import type { WaveEvent } from "./wave-event.ts";
import type { FailureFacts, RunTarget, WaveStore } from "./wave-store.ts";

/** A target of a wave. */
export interface WaveTarget {
  readonly target: Target;
  readonly standing: TargetStanding;
  readonly run: RunTarget;
}

/** What a wave needs. */
export interface WaveWork {
  readonly run: string;
  readonly open: readonly WaveTarget[];
  readonly release: Release;
  readonly store: WaveStore;
  readonly history: History;
  readonly lanes: Lanes;
  readonly pauseOn: PauseOn;
  /** Beginning of the run. */
  readonly since: Date;
  readonly apply: Pick<ApplyOptions, "budgetMs" | "random">;
  readonly signal?: AbortSignal;
  readonly onEvent: (event: WaveEvent) => void;
  readonly onOutcome: (outcome: RunTarget, unprotected: readonly string[]) => void;
}

const DENIED_EVERY_MS = 1_000;
const WRITE_AT = 100;

/** Runs it; null when the next wave may begin. */
export async function runWave(work: WaveWork): Promise<string | null> {
  const wave = new Wave(work);
  await wave.pass(work.open);
  if (wave.goesOn && wave.busy.length > 0) await wave.pass(wave.busy.splice(0), true);
  await wave.write();
  return wave.reason ?? (await wave.denied(true)) ?? wave.nothingLearnt() ?? null;
}

class Wave {
  readonly work: WaveWork;
  readonly busy: WaveTarget[] = [];
  readonly seen: { size: number; done: number; failed: number; busy: number; slowness: number[] };
  reason: string | undefined;
  readonly #outcomes: RunTarget[] = [];
  readonly #mirror: MirrorEntry[] = [];
  #deniedAsked: number = performance.now();

  constructor(work: WaveWork) {
    this.work = work;
    this.seen = { size: work.open.length, done: 0, failed: 0, busy: 0, slowness: [] };
  }

  get goesOn(): boolean {
    return this.reason === undefined && this.work.signal?.aborted !== true;
  }

  async pass(targets: readonly WaveTarget[], isLast = false): Promise<void> {
    await this.work.lanes.each(
      targets,
      (item, connect) => this.#one(item, connect, isLast),
      () => this.goesOn,
    );
  }

  async #one(item: WaveTarget, connect: () => Promise<TargetConnection>, isLast: boolean): Promise<void> {
    const begun = performance.now();
    try {
      const result = await this.#apply(item, connect);
      this.#done(item, result);
    } catch (error) {
      // stopped while it waited for a lock: it is as it was, and stays to be done
      if (this.work.signal?.aborted === true && (error as Error).name === "AbortError") return;
      const failure = factsOf(error);
      if (failure.code === "WT_MIGRATION_BUSY" && !isLast) {
        this.busy.push(item);
        return;
      }
      const state = failure.code === "WT_MIGRATION_BUSY" ? "busy" : "failed";
      this.seen[state]++;
      this.#tell({ ...item.run, state, failure, durationMs: performance.now() - begun }, undefined);
    }
    this.reason ??= pauseReason(this.work.pauseOn, this.seen);
    if (this.#outcomes.length >= WRITE_AT) await this.write();
    if (performance.now() - this.#deniedAsked > DENIED_EVERY_MS) this.reason ??= await this.denied();
  }

  async #apply({ target, standing }: WaveTarget, connect: () => Promise<TargetConnection>): Promise<TargetResult> {
    const { release, apply, signal } = this.work;
    return applyToTarget(target, release, {
      ...apply,
      // a version that could not be trusted says nothing: then the ledger is read
      version: standing.problem === null && !standing.begun ? standing.version : null,
      connection: await connect(),
      mirror: (entry) => void this.#mirror.push(entry),
      ...(signal === undefined ? {} : { signal }),
    });
  }

  #done({ run, standing }: WaveTarget, result: TargetResult): void {
    this.seen.done++;
    const estimate = standing.missing.reduce((sum, file) => sum + estimateOf(file, this.work.history), 0);
    if (estimate > 0) this.seen.slowness.push(result.durationMs / estimate);
    this.#tell({ ...run, state: "done", failure: null, durationMs: result.durationMs }, result);
  }

  #tell(outcome: RunTarget, result: TargetResult | undefined): void {
    const { run, onEvent, onOutcome } = this.work;
    this.#outcomes.push(outcome);
    onOutcome(outcome, result?.unprotected ?? []);
    const { wave, target, state, failure } = outcome;
    onEvent({
      event: "target",
      run,
      wave,
      target,
      state,
      applied: result?.applied ?? [],
      retries: result?.retries ?? 0,
      durationMs: Math.round((outcome.durationMs ?? 0) * 10) / 10,
      failure,
    });
  }

  /** What became of targets goes to the store in bundles: their own ledgers know it already. */
  async write(): Promise<void> {
    const { run, store } = this.work;
    const [outcomes, mirror] = [this.#outcomes.splice(0), this.#mirror.splice(0)];
    if (mirror.length > 0) await store.mirror(mirror);
    if (outcomes.length > 0) await store.record(run, outcomes);
  }

  async denied(now = false): Promise<string | undefined> {
    const { pauseOn, since } = this.work;
    if (pauseOn.denied === undefined || (!now && performance.now() - this.#deniedAsked <= DENIED_EVERY_MS))
      return undefined;
    this.#deniedAsked = performance.now();
    const { count, most = 0 } = pauseOn.denied;
    const events = await count(since);
    return events > most ? `denied: ${events} refused accesses since the run began` : undefined;
  }

  /** Canaries that could not be tried prove nothing for the others. */
  nothingLearnt(): string | undefined {
    const { done, busy } = this.seen;
    return done === 0 && busy > 0 && this.goesOn ? `busy: no target of this wave could be locked in time` : undefined;
  }
}

function factsOf(error: unknown): FailureFacts {
  if (error instanceof MigrationError) {
    const { message = error.message, file = null, line = null } = error.facts as Partial<FailureFacts>;
    return { code: error.code, sqlstate: error.sqlstate ?? null, message, file, line };
  }
  const { code = "", message } = error as { code?: string; message: string };
  return {
    code: code || "WT_MIGRATION_TARGET",
    sqlstate: /^[0-9A-Z]{5}$/.test(code) ? code : null,
    message,
    file: null,
    line: null,
  };
}
