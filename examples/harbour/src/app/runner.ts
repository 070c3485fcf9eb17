// Work outside requests: one loop, started with the server, that belongs to nobody. AsyncLocalStorage does not follow a job through a queue,
// so whatever a job needs to know must travel inside it. That is the trap behind "the worker lost its tenant".
import { currentActivity, inActivity } from "./activity.ts";
import type { Activity } from "./activity.ts";

interface Job {
  work: () => Promise<unknown>;
  activity: Activity | undefined;
  done: (value: unknown) => void;
  failed: (error: unknown) => void;
}

export interface Runner {
  /** Runs `work` in the loop and settles with its outcome. */
  ask<T>(work: () => Promise<T>): Promise<T>;
  stop(): Promise<void>;
}

export function startRunner(): Runner {
  const waiting: Job[] = [];
  let wake = (): void => {};
  let stopping = false;
  const loop = (async () => {
    while (!stopping || waiting.length > 0) {
      const job = waiting.shift();
      if (job === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      await inActivity(job.activity, job.work).then(job.done, job.failed);
    }
  })();
  return {
    ask: <T>(work: () => Promise<T>) =>
      new Promise<T>((resolve, reject) => {
        waiting.push({ work, activity: currentActivity(), done: resolve as (value: unknown) => void, failed: reject });
        wake();
      }),
    stop: async () => {
      stopping = true;
      wake();
      await loop;
    },
  };
}
