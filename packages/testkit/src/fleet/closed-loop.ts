// Callers that each wait for their answer and think a little before they ask again: a load that a slow machine slows down too, where only the order of the
// calls matters. Must never go on after an error of its own: what failed is counted.
import { setTimeout as sleep } from "node:timers/promises";
import type { LoadResult } from "./open-loop.ts";

/** Runs `callers` of them until `calls` calls are done. */
export async function closedLoop(
  { callers, calls, thinkMs }: { callers: number; calls: number; thinkMs: number },
  call: () => Promise<unknown>,
): Promise<LoadResult> {
  const errors: unknown[] = [];
  let started = 0;
  let failed = 0;
  await Promise.all(
    Array.from({ length: callers }, async (_, i) => {
      await sleep((thinkMs * i) / callers);
      while (started < calls) {
        started++;
        try {
          await call();
        } catch (error) {
          failed++;
          if (errors.length < 5) errors.push(error);
        }
        await sleep(thinkMs);
      }
    }),
  );
  return { calls: started, errors, failed };
}
