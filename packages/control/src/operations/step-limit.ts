/**
 * The time that a step may take. A step that hangs would hold its lease and its subject for ever: its signal ends, and when it does not come back
 * the run gives its lease up. Must never begin anything else under a lease under which a step may still be at work.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { controlError } from "../errors/control-error.ts";

/** What a step may take when it says nothing, in milliseconds. */
export const usualStepMs = 600_000;
/** How long a step that was told to stop is waited for. */
const lastWordMs = 5000;

/**
 * Runs `fn` with a signal that ends with `outer` and with the limit.
 * @throws ControlError WT_OPERATION_STEP_LIMIT, as soon as `fn` has ended or has had its last word
 */
export async function withinLimit<T>(
  outer: AbortSignal,
  step: string,
  limitMs: number,
  fn: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const late = controlError("WT_OPERATION_STEP_LIMIT", { detail: `${step}: ${limitMs} ms` });
  let ring = (): void => {};
  const rung = new Promise<void>((resolve) => (ring = resolve));
  const timer = setTimeout(() => {
    over.abort(late);
    ring();
  }, limitMs);
  const work = fn(AbortSignal.any([outer, over.signal]));
  try {
    const first = await Promise.race([work.then((value) => ({ value })), rung]);
    if (first !== undefined) return first.value;
    // what it may still do is its own affair: its sessions are closed, and the next lease ends what is left of them
    await Promise.race([work.catch(() => {}), sleep(lastWordMs, undefined, { ref: false })]);
    throw late;
  } catch (error) {
    throw over.signal.aborted ? late : error;
  } finally {
    clearTimeout(timer);
  }
}

/** Whether a failure is a step's time that was over. */
export function isLate(error: unknown): boolean {
  return (error as { code?: unknown }).code === "WT_OPERATION_STEP_LIMIT";
}
