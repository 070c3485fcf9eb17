/**
 * What a run tells while it runs: plain objects, one line of JSON each. Must never hold how a target is reached.
 */
import type { FailureFacts, RunState, RunTarget } from "./wave-store.ts";

/** An event of a run. */
export type WaveEvent =
  | {
      readonly event: "run";
      readonly run: string;
      readonly release: string;
      /** Targets that are behind. */
      readonly targets: number;
      readonly current: number;
    }
  | { readonly event: "wave"; readonly run: string; readonly wave: number; readonly targets: number }
  | {
      readonly event: "target";
      readonly run: string;
      readonly wave: number;
      readonly target: string;
      readonly state: RunTarget["state"];
      readonly applied: readonly string[];
      readonly retries: number;
      readonly durationMs: number;
      readonly failure: FailureFacts | null;
    }
  | { readonly event: "pause"; readonly run: string; readonly wave: number; readonly reason: string }
  | {
      readonly event: "end";
      readonly run: string;
      readonly state: RunState;
      readonly reason: string | null;
      readonly counts: Readonly<Record<RunTarget["state"] | "current", number>>;
    };
