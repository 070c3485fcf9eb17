/**
 * Delivers lifecycle events as they come; once an hour removes old history, and asks for the end of what was allowed for a while: beside a worker, or in a process of its own; any number may
 * run. Must go on when the catalog goes away for a while, and must end when it is told to, whatever a receiver does.
 */
import type { CatalogPool } from "../db/transaction.ts";
import { hear } from "../db/listen.ts";
import { purgeHistory } from "../history/purge-history.ts";
import { endExpiredReporting } from "../reporting/end-expired.ts";
import { type DeliverOptions, deliverDue } from "./deliver.ts";

/** What is delivered how. */
export interface DeliverySetting extends Omit<DeliverOptions, "signal"> {
  /** How often it looks without being told, in milliseconds: a delivery that is tried again is due by the clock; default 2,000. */
  readonly everyMs?: number;
  /** Events that were delivered and operations that are finished go when they are so old, in milliseconds; default 90 days. */
  readonly keepMs?: number;
}

/** A running delivery. */
export interface Delivery {
  /** Ends what is being sent; it is due again for the next one. */
  stop(): Promise<void>;
}

const tidyEveryMs = 3600_000;
const actor = { name: "delivery" };

/**
 * Starts it.
 * @param url of the catalog, as its control role, to be told of events
 * @example const delivery = startDelivery(pool, url, { secrets });
 */
export function startDelivery(
  pool: CatalogPool,
  url: string,
  setting: DeliverySetting,
  failed: (error: Error) => void = () => {},
): Delivery {
  const { everyMs = 2000, keepMs, ...options } = setting;
  const stopping = new AbortController();
  const { signal } = stopping;
  const most = options.most ?? 20;
  let rung = false;
  let wake: (() => void) | undefined;
  const ring = (): void => {
    rung = true;
    wake?.();
  };
  const waitFor = async (ms: number): Promise<void> => {
    if (!rung && !signal.aborted)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    wake = undefined;
    rung = false;
  };
  const listening = hear(url, "watertight_outbox", ring, signal, failed);
  const delivering = (async () => {
    while (!signal.aborted) {
      const done = await deliverDue(pool, { ...options, most, signal }).catch((error: unknown) => {
        failed(error as Error);
        return { delivered: 0, failed: 0 };
      });
      // more may be due, unless all that was tried failed: those wait for their time
      if (done.delivered === 0) await waitFor(everyMs);
    }
  })();
  let tidying: Promise<unknown> = Promise.resolve();
  const tidy = (): void => {
    tidying = (async () => {
      await endExpiredReporting(pool, actor);
      await purgeHistory(pool, actor, { signal, ...(keepMs === undefined ? {} : { keepMs }) });
    })().catch((error: unknown) => {
      if (!signal.aborted) failed(error as Error);
    });
  };
  tidy();
  const timer = setInterval(tidy, tidyEveryMs).unref();
  return {
    async stop() {
      stopping.abort(new Error("delivery stops"));
      clearInterval(timer);
      ring();
      await Promise.all([delivering, listening, tidying]);
    },
  };
}
