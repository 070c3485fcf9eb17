// Calls that come when they come, whether the ones before are answered or not: what users do. Must never start more at once than its limit, so that a
// server that is down does not fill the memory.
import { setTimeout as sleep } from "node:timers/promises";

/** What became of a load. */
export interface LoadResult {
  readonly calls: number;
  /** First few errors; `failed` says how many. */
  readonly errors: readonly unknown[];
  readonly failed: number;
}

/** Starts `call` so many times a second until `until()` says that it is enough, and waits for all answers. */
export async function openLoop(
  perSecond: number,
  until: () => boolean,
  call: () => Promise<unknown>,
): Promise<LoadResult> {
  const errors: unknown[] = [];
  const running = new Set<Promise<void>>();
  const started = performance.now();
  let calls = 0;
  let failed = 0;
  while (!until()) {
    const due = Math.floor(((performance.now() - started) / 1000) * perSecond);
    while (calls < due && running.size < 2000) {
      calls++;
      const one: Promise<void> = call()
        .then(
          () => {},
          (error: unknown) => {
            failed++;
            if (errors.length < 5) errors.push(error);
          },
        )
        .finally(() => running.delete(one));
      running.add(one);
    }
    await sleep(4);
  }
  await Promise.all(running);
  return { calls, errors, failed };
}
