/**
 * Where a run of waves remembers itself, so that another process can go on: which files were released, which target is in which wave and what
 * became of it. The targets' ledgers are the truth; whatever is lost here is found there again. Must never hold how a target is reached.
 */
import type { MirrorEntry } from "../apply/apply-to-target.ts";
import type { History } from "../plan/estimate.ts";
import type { ReleasedFile } from "../release/release.ts";

/** What is known of a failure. */
export interface FailureFacts {
  readonly code: string;
  readonly sqlstate: string | null;
  readonly message: string;
  readonly file: string | null;
  readonly line: number | null;
}

/** A target of a run. */
export interface RunTarget {
  readonly target: string;
  /** From 1. */
  readonly wave: number;
  readonly state: "pending" | "done" | "failed" | "busy" | "skipped";
  readonly failure: FailureFacts | null;
  /** Why it was skipped. */
  readonly reason: string | null;
  readonly durationMs: number | null;
}

/** A run's state: `incomplete` came to its end with targets left over. */
export type RunState = "running" | "paused" | "cancelled" | "incomplete" | "done";

/** A run. */
export interface Run {
  readonly id: string;
  readonly release: string;
  readonly state: RunState;
  /** Why it is paused. */
  readonly reason: string | null;
  /** In the order in which they run. */
  readonly targets: readonly RunTarget[];
}

/** The store. */
export interface WaveStore {
  /** Every file that was ever released. */
  released(): Promise<readonly ReleasedFile[]>;
  /** Remembers files for ever. A file that is there with another checksum must be refused. */
  addReleased(files: readonly ReleasedFile[]): Promise<void>;
  create(run: Run): Promise<void>;
  load(id: string): Promise<Run | undefined>;
  /** The newest run that has not come to its end. */
  unfinished(): Promise<string | undefined>;
  record(run: string, targets: readonly RunTarget[]): Promise<void>;
  setState(run: string, state: RunState, reason: string | null): Promise<void>;
  /** Copies of what ledgers say. */
  mirror(entries: readonly MirrorEntry[]): Promise<void>;
  /** Median durations of what ran. */
  durations(): Promise<History>;
}
