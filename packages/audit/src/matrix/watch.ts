/**
 * Ends the attacks from outside when their time is over, when they have written too much, or when the caller gives up. The schema under attack is code
 * of strangers: SET statement_timeout = 0 and EXCEPTION WHEN query_canceled are one line each, and what a transaction wrote stays on the disk
 * after it is rolled back. Must never let a schema run for longer than its time and {@link graceMs}.
 */
import type { AttackServer } from "./server.ts";

/** What statements that run when the time is over get to end by themselves. */
const graceMs = 8_000;
const lookMs = 250;
const MB = 1024 ** 2;

/** Watches over one attack. */
export interface AttackWatch {
  /** Why nothing more may begin; null while there is time. */
  over(): string | null;
  /** Why everything that ran was ended; null where nothing had to be. */
  cut(): string | null;
  /** Ends the watch. */
  end(): void;
}

/** What is watched. */
interface Watched {
  readonly server: AttackServer;
  readonly deadline: number;
  /** How much may be written. */
  readonly diskBytes: number;
  readonly signal?: AbortSignal | undefined;
  /** Ends all connections. */
  endAll(): Promise<unknown>;
}

/** Begins to watch. */
export function watchAttacks({ server, deadline, diskBytes, signal, endAll }: Watched): AttackWatch {
  const bytes = (): number => server.dataBytes?.() ?? 0;
  const empty = bytes();
  let stopped: string | null = null;
  let due = 0;
  const full = (now: number): boolean => {
    if (now < due) return false;
    const begin = performance.now();
    const more = bytes() - empty;
    // looking must not cost more than a twentieth of the time
    due = now + 20 * (performance.now() - begin);
    return more > diskBytes;
  };
  const timer = setInterval(() => {
    if (stopped !== null) return;
    const now = Date.now();
    if (signal?.aborted === true) stopped = "the attacks were interrupted";
    else if (now > deadline + graceMs) stopped = "the time given was over";
    else if (full(now)) stopped = `the attacks wrote more than ${diskBytes / MB} MB`;
    if (stopped !== null) void endAll().catch(() => {});
  }, lookMs);
  return {
    over: () => stopped ?? (Date.now() > deadline ? "the time given was over" : null),
    cut: () => stopped,
    end: () => clearInterval(timer),
  };
}
