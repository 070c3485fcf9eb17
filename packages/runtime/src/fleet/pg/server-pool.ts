/**
 * The connections of one server: does what the scheduler decides, and tells it what became of that. Decides nothing itself. A connection counts until
 * the server has closed its side; one that we had to force is counted for a while longer.
 */
import { emitEvent } from "../../context/events.ts";
import { probe } from "../../drivers/pg/probe.ts";
import type { Release } from "../../drivers/pg/shapes.ts";
import { failure } from "../../errors/errors.ts";
import type { TenantLimits } from "../../routes/route-source.ts";
import { Scheduler } from "../budget/scheduler.ts";
import type { Slot } from "../budget/slots.ts";
import { QueueError } from "../errors.ts";
import type { Job } from "../fair/tenant-queue.ts";
import { type FleetSettings, shareWithoutLease } from "../options.ts";
import { isThrashing, type ServerStats } from "../stats.ts";
import type { Endpoint } from "./endpoint.ts";
import type { FleetClient } from "./fleet-client.ts";
import { LeaseKeeper } from "./lease-keeper.ts";

/** A connection in use. */
export interface Borrowed {
  readonly client: FleetClient;
  readonly release: Release;
}

interface Call extends Job {
  readonly endpoint: Endpoint;
  readonly since: number;
  settled: boolean;
  resolve(borrowed: Borrowed): void;
  reject(error: unknown): void;
}

/** What a pool's listeners are told, as pg's pool does. */
type Tell = (event: "connect" | "acquire" | "release" | "remove" | "error", ...values: unknown[]) => void;

const now = (): number => performance.now();
const reportEveryMs = 5000;

export class ServerPool {
  readonly server: string;
  readonly #settings: FleetSettings;
  readonly #budget: number;
  readonly #tell: Tell;
  readonly #scheduler: Scheduler<Call>;
  readonly #keeper: LeaseKeeper;
  readonly #endpoints: Map<string, Endpoint> = new Map();
  readonly #clients: Map<Slot, FleetClient> = new Map();
  readonly #reporter: NodeJS.Timeout;
  #timer: NodeJS.Timeout | undefined;
  #timerAt: number = Infinity;
  #peak: number = 0;
  #unconfirmed: number = 0;
  #emptied: (() => void) | undefined;

  constructor(server: string, settings: FleetSettings, tell: Tell) {
    this.server = server;
    this.#settings = settings;
    this.#tell = tell;
    this.#budget = settings.budgetOf(server);
    const share = shareWithoutLease(settings, this.#budget);
    this.#scheduler = new Scheduler<Call>(
      { ...settings, budget: share },
      {
        grant: (call, slot) => this.#grant(call, slot),
        open: (slot) => void this.#open(slot),
        close: (slot) => this.#shut(this.#clients.get(slot)!),
        reject: (call, code, retryAfterMs) => {
          call.settled = true;
          this.#waited(call);
          call.reject(new QueueError(code, retryAfterMs));
        },
      },
      now(),
    );
    this.#keeper = new LeaseKeeper(server, settings, share, {
      held: () => this.#scheduler.slots.all.size,
      wanted: () => Math.max(this.#scheduler.slots.all.size + this.#scheduler.waiting, this.#report().suggestedBudget),
      resize: (size) => {
        if (this.#emptied === undefined) this.#scheduler.resize(size, now());
      },
    });
    this.#reporter = setInterval(() => this.#warn(), reportEveryMs).unref();
  }

  /** A connection for one call. @throws DatabaseError WT_QUEUE_FULL, WT_QUEUE_TIMEOUT, WT_ABORTED */
  acquire(tenant: string, endpoint: Endpoint, limits: TenantLimits, signal?: AbortSignal): Promise<Borrowed> {
    this.#endpoints.set(endpoint.key, endpoint);
    return new Promise((resolve, reject) => {
      const aborted = (): unknown => reject(failure("WT_ABORTED", { cause: signal?.reason }));
      if (signal?.aborted) return aborted();
      const abort = (): void => {
        if (this.#scheduler.cancel(call, now())) aborted();
      };
      const done = (): void => signal?.removeEventListener("abort", abort);
      const call: Call = {
        tenant,
        endpoint,
        key: endpoint.key,
        since: now(),
        limits,
        settled: false,
        resolve: (borrowed) => (done(), resolve(borrowed)),
        reject: (error) => (done(), reject(error)),
      };
      signal?.addEventListener("abort", abort, { once: true });
      this.#scheduler.submit(call, now());
      // What waits may be due soon; what is idle is in no hurry.
      this.#arm(now() + (call.settled ? this.#settings.idleTimeoutMs : 5));
    });
  }

  stats(): ServerStats {
    const { totals, slots, waiting, reservations, budget } = this.#scheduler;
    const { hitRate, missesPerSecond, evictionsPerSecond, suggestedBudget } = this.#report();
    return {
      server: this.server,
      budget: this.#budget,
      share: budget,
      leased: this.#keeper.leased,
      open: slots.all.size,
      peak: this.#peak,
      idle: slots.idle.size,
      waiting,
      ...totals,
      unconfirmed: this.#unconfirmed,
      unreserved: reservations.refused,
      hitRate,
      missesPerSecond,
      evictionsPerSecond,
      thrashing: isThrashing(hitRate, evictionsPerSecond),
      suggestedBudget: Math.max(this.#budget, suggestedBudget * this.#settings.instances),
    };
  }

  /** Refuses what waits, closes what is idle, and waits for the rest to come back. */
  async end(): Promise<void> {
    clearInterval(this.#reporter);
    const empty = new Promise<void>((resolve) => (this.#emptied = resolve));
    for (const call of this.#scheduler.stop()) call.reject(failure("WT_ABORTED", { detail: "the pool ends" }));
    if (this.#scheduler.slots.all.size > 0) await empty;
    clearTimeout(this.#timer);
    await this.#keeper.end();
  }

  #report() {
    return this.#scheduler.workingSet.report(this.#scheduler.budget, now());
  }

  #waited(call: Call): void {
    this.#settings.usage?.add("waitedMilliseconds", call.tenant, now() - call.since);
  }

  #grant(call: Call, slot: Slot): void {
    const client = this.#clients.get(slot)!;
    call.settled = true;
    this.#waited(call);
    client.usage = this.#settings.usage;
    let released = false;
    const release: Release = (error) => {
      if (released) throw new Error("Release called on client which has already been released to the pool.");
      released = true;
      this.#tell("release", error, client);
      const worn = client.link.schemas.size > this.#settings.schemasPerConnection;
      const keep = !error && !worn && client._queryable && !client._ending && !client.link.condemned;
      this.#scheduler.release(call, slot, keep, now());
      this.#arm(now() + this.#settings.idleTimeoutMs);
    };
    client.release = release;
    this.#tell("acquire", client);
    call.resolve({ client, release });
  }

  async #open(slot: Slot): Promise<void> {
    const endpoint = this.#endpoints.get(slot.key)!;
    this.#peak = Math.max(this.#peak, this.#scheduler.slots.all.size);
    const client = endpoint.connect();
    this.#clients.set(slot, client);
    client.once("end", () => {
      if (!client.forced) return this.#gone(slot);
      this.#unconfirmed++;
      emitEvent("warning", { message: `a connection to ${this.server} was closed without the server's answer` });
      setTimeout(() => this.#gone(slot), this.#settings.closeTimeoutMs);
    });
    const { connectTimeoutMs } = this.#settings;
    const limit = setTimeout(() => client.force(failure("WT_QUEUE_TIMEOUT", { detail: "connect" })), connectTimeoutMs);
    try {
      await client.connect();
      if (!endpoint.engine.profile) await probe(client);
      this.#tell("connect", client);
      this.#scheduler.opened(slot, now());
    } catch (error) {
      this.#scheduler.failed(slot, now())?.reject(error);
      this.#shut(client);
    } finally {
      clearTimeout(limit);
    }
  }

  #shut(client: FleetClient): void {
    client.shut();
    const limit = setTimeout(() => client.force(), this.#settings.closeTimeoutMs);
    client.once("end", () => clearTimeout(limit));
    this.#tell("remove", client);
  }

  #gone(slot: Slot): void {
    const client = this.#clients.get(slot);
    this.#clients.delete(slot);
    // It broke by itself, with nobody on it: pg's pool tells its listeners, and so do we.
    if (slot.state === "idle") this.#tell("error", new Error("Connection terminated unexpectedly"), client);
    this.#scheduler.gone(slot, now());
    if (this.#scheduler.slots.all.size === 0) this.#emptied?.();
  }

  #arm(at: number): void {
    if (at >= this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timerAt = at;
    this.#timer = setTimeout(
      () => {
        this.#timerAt = Infinity;
        const next = this.#scheduler.tick(now());
        if (next !== undefined) this.#arm(next);
      },
      Math.max(1, at - now()),
    );
    // A call that waits keeps the process alive; an idle connection does so itself.
    if (this.#scheduler.waiting === 0) this.#timer.unref();
  }

  #warn(): void {
    const { server, thrashing, budget, hitRate, missesPerSecond, evictionsPerSecond, suggestedBudget } = this.stats();
    if (thrashing)
      emitEvent("thrash", { server, budget, hitRate, missesPerSecond, evictionsPerSecond, suggestedBudget });
  }
}
