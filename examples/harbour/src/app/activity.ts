// What happened inside one request, in the order it happened: Harbour's request log. The intruder's verdict on WHAT stopped an attempt is
// read from here, because the reply deliberately says nothing. Must never be sent to a client.
import { AsyncLocalStorage } from "node:async_hooks";

export type Entry =
  | { kind: "query"; area: string; rows: number }
  | { kind: "cache"; hit: boolean; entries: number }
  | { kind: "refused"; error: unknown }
  | { kind: "login"; error: unknown };

export interface Activity {
  readonly requestId: string;
  readonly entries: Entry[];
}

const current = new AsyncLocalStorage<Activity>();

/** Runs a request, or work that continues one elsewhere, under its log. */
export function inActivity<T>(activity: Activity | undefined, work: () => T): T {
  return activity === undefined ? current.exit(work) : current.run(activity, work);
}

export function currentActivity(): Activity | undefined {
  return current.getStore();
}

export function note(entry: Entry): void {
  current.getStore()?.entries.push(entry);
}
