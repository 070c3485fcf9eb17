/**
 * A worker: takes operations that are due and runs them, several at a time. Any number of workers may run, in any number of processes; the
 * lease of each operation decides. Must go on when the catalog goes away for a while, and must never wait for one operation to start another.
 */
import { setMaxListeners } from "node:events";
import pg from "pg";
import { hear } from "../db/listen.ts";
import { type CatalogPool, inTransaction } from "../db/transaction.ts";
import { type DeliverySetting, startDelivery } from "../webhooks/delivery-loop.ts";
import { newId } from "../catalog/ids.ts";
import { type Failpoint, failpointFrom } from "./failpoints.ts";
import type { OperationKind } from "./operation.ts";
import { isCalled, mayPut, type OperationQueue, openQueue } from "./queue.ts";
import { runOperation, type RunResult } from "./run-operation.ts";

/** What a worker needs. */
export interface WorkerOptions {
  /** Connection string of the catalog, as its control role. */
  readonly catalogUrl: string;
  readonly kinds: ReadonlyMap<string, OperationKind<never>>;
  /** Unique among those that run; default: made up. */
  readonly name?: string;
  /** Operations at a time; default 8. */
  readonly concurrency?: number;
  readonly failpoint?: Failpoint;
  /** Delivers lifecycle events beside the operations, and removes old history; left out: another process does. */
  readonly deliver?: DeliverySetting;
  /** Told of each run's end. */
  readonly ended?: (operation: string, result: RunResult) => void;
  /** Told of what went wrong outside of any operation. */
  readonly failed?: (error: Error) => void;
}

/** A running worker. */
export interface Worker {
  readonly name: string;
  /** Takes nothing new, ends what runs at its next line, gives the leases back. */
  stop(): Promise<void>;
}

// How long an idle worker waits before it looks again, in milliseconds; a notification ends the wait.
const idleMs = 500;
// How often a worker looks for operations whose worker died or whose time has come.
const sweepMs = 1000;

/**
 * Starts a worker.
 * @example const worker = await startWorker({ catalogUrl, kinds: provisioningKinds(options) });
 */
export async function startWorker(options: WorkerOptions): Promise<Worker> {
  const name = options.name ?? newId("worker");
  const failed = options.failed ?? (() => {});
  const concurrency = options.concurrency ?? 8;
  const stopping = new AbortController();
  // each operation that runs listens to it
  setMaxListeners(0, stopping.signal);
  const catalog = new pg.Pool({
    connectionString: options.catalogUrl,
    max: concurrency + 4,
    application_name: `watertight worker ${name}`.slice(0, 63),
    connectionTimeoutMillis: 10_000,
    // a catalog that has gone silent (a failed-over host says nothing) must not keep a run, nor stop(), waiting for TCP to notice
    query_timeout: 40_000,
    keepAlive: true,
  });
  catalog.on("error", failed);
  // heard before anybody borrows it: a connection may break while it is handed over
  catalog.on("connect", (client) => client.on("error", () => {}));
  const queue = await openQueue(catalog, failed);
  const bell = new Bell();
  const listening = hear(options.catalogUrl, "watertight_due", () => bell.ringDue(), stopping.signal, failed);
  const running = new Set<Promise<void>>();
  const delivery =
    options.deliver === undefined ? undefined : startDelivery(catalog, options.catalogUrl, options.deliver, failed);

  const runOne = async (operation: string, job: string): Promise<void> => {
    try {
      const result = await runOperation(
        {
          catalog,
          kinds: options.kinds,
          worker: name,
          signal: stopping.signal,
          failpoint: options.failpoint ?? failpointFrom(),
        },
        operation,
      );
      options.ended?.(operation, result);
    } catch (error) {
      failed(error as Error);
    }
    // A job that cannot be struck off only calls once more.
    await queue.done(job).catch(failed);
    bell.ring();
  };
  const fetching = (async () => {
    while (!stopping.signal.aborted) {
      const free = concurrency - running.size;
      const taken = free === 0 ? [] : await queue.take(free).catch((error: unknown) => (failed(error as Error), []));
      for (const { job, operation } of taken) {
        const run = runOne(operation, job).finally(() => running.delete(run));
        running.add(run);
      }
      if (taken.length < free || free === 0) await bell.wait(idleMs);
    }
  })();
  const sweeping = (async () => {
    while (!stopping.signal.aborted) {
      const put = await sweep(catalog, queue).catch((error: unknown) => (failed(error as Error), 0));
      if (put > 0) bell.ring();
      await bell.waitDue(sweepMs);
    }
  })();
  return {
    name,
    async stop() {
      stopping.abort(new Error("the worker stops"));
      bell.ring();
      bell.ringDue();
      await Promise.all([fetching, sweeping, listening, delivery?.stop()]);
      await Promise.all(running);
      await queue.stop().catch(failed);
      await catalog.end();
    },
  };
}

/** Calls for what is due, led by nobody and not called for yet. One worker at a time does it. */
async function sweep(catalog: CatalogPool, queue: OperationQueue): Promise<number> {
  const due = await inTransaction(catalog, async (tx) => {
    if (!(await mayPut(tx))) return [];
    const { rows } = await tx.query(
      `select o.id, o.started_at is not null as begun from watertight_catalog.operation o
        where o.state in ('pending', 'running', 'waiting') and o.run_after <= clock_timestamp() and (o.lease_until is null or o.lease_until < clock_timestamp())
          and not ${isCalled("o.id", "o.started_at is not null")}
        order by o.started_at is null, o.run_after limit 1000`,
    );
    return rows as { id: string; begun: boolean }[];
  });
  if (due.length > 0) await queue.put(due);
  return due.length;
}

/** Wakes whoever waits; a ring while nobody waits is heard by the next. */
class Bell {
  readonly #heard = { fetch: false, due: false };
  readonly #waiting: { fetch: (() => void) | undefined; due: (() => void) | undefined } = {
    fetch: undefined,
    due: undefined,
  };

  ring(): void {
    this.#ring("fetch");
  }

  ringDue(): void {
    this.#ring("due");
  }

  wait(ms: number): Promise<void> {
    return this.#wait("fetch", ms);
  }

  waitDue(ms: number): Promise<void> {
    return this.#wait("due", ms);
  }

  #ring(which: "fetch" | "due"): void {
    this.#heard[which] = true;
    this.#waiting[which]?.();
  }

  async #wait(which: "fetch" | "due", ms: number): Promise<void> {
    if (!this.#heard[which])
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.#waiting[which] = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    this.#waiting[which] = undefined;
    this.#heard[which] = false;
  }
}
