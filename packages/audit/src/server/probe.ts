/**
 * What a behaviour probe is: a question to a live server, put on scratch objects in a transaction that always rolls back. It knows more than the
 * version: whether a fix is in a build that somebody patched, or missing in one that says it is new.
 */
import type { Stage } from "./stage.ts";

/** What a probe found. */
export interface ProbeResult {
  readonly cve: string;
  readonly title: string;
  readonly verdict: "vulnerable" | "not vulnerable" | "could not tell";
  /** What was seen, or why nothing could be. */
  readonly evidence: string;
}

/** A probe. `run` works on the stage; what it throws as {@link CannotTell} is the answer "could not tell". */
export interface Probe {
  readonly cve: string;
  readonly title: string;
  run(stage: Stage): Promise<{ readonly vulnerable: boolean; readonly evidence: string }>;
}

/** The right to find out is missing, or the server answered what nobody expected. */
export class CannotTell extends Error {}
