/**
 * Waiting for locks without making anybody else wait: short attempts, longer pauses with jitter, a budget for all of it. Must never repeat what
 * failed for another reason.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { MigrationError } from "../migration-error.ts";

/** How to try again. */
export interface RetryOptions {
  /** Time for all attempts together, milliseconds. */
  readonly budgetMs: number;
  readonly signal?: AbortSignal;
  /** 0 to 1; for tests. */
  readonly random?: () => number;
}

const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 2_000;

/** lock_timeout, and a deadlock that PostgreSQL solved at our cost. */
export function isLockFailure(error: unknown): boolean {
  const { code, sqlstate } = error as { code?: string; sqlstate?: string };
  return ["55P03", "40P01"].includes(sqlstate ?? code ?? "");
}

/** Pause after the given attempt (from 1): doubles, and lies somewhere in its upper half. */
export function pauseAfter(attempt: number, random: () => number = Math.random): number {
  const full = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (attempt - 1));
  return full / 2 + (full / 2) * random();
}

/**
 * Runs `fn` until it gets its locks.
 * @throws MigrationError WT_MIGRATION_BUSY when the budget is spent
 */
export async function withRetries<T>(
  fn: (attempt: number) => Promise<T>,
  what: string,
  { budgetMs, signal, random }: RetryOptions,
): Promise<T> {
  const until = performance.now() + budgetMs;
  for (let attempt = 1; ; attempt++) {
    try {
      return await fn(attempt);
    } catch (error) {
      if (!isLockFailure(error)) throw error;
      const pause = pauseAfter(attempt, random);
      if (performance.now() + pause > until)
        throw new MigrationError("WT_MIGRATION_BUSY", {
          detail: `${what}, ${attempt} attempts`,
          cause: error,
          sqlstate: "55P03",
          facts: { attempts: attempt },
        });
      await sleep(pause, undefined, signal === undefined ? {} : { signal });
    }
  }
}
