/**
 * Decides for one server who gets which connection, when one is opened and which is closed for it. Pure: time is passed in, what is to be
 * done goes out through `Effects`. Must never open a connection when as many as the budget allows are open or not confirmed closed, and must never
 * let a call wait for ever: what is old enough may close anybody's idle connection that nobody has reserved.
 */
import { FairCaps } from "../fair/fair-caps.ts";
import { RoundRobin } from "../fair/round-robin.ts";
import { type Job, TenantQueue, type Waiting } from "../fair/tenant-queue.ts";
import { Reservations } from "./reservations.ts";
import { type Slot, Slots } from "./slots.ts";
import { TokenBucket } from "./token-bucket.ts";
import { WorkingSet } from "./working-set.ts";

/** Limits of one server. Times in milliseconds. */
export interface SchedulerOptions {
  /** Physical connections. */
  readonly budget: number;
  /** Connects per second, and how many of them at once. */
  readonly connectRate: number;
  readonly connectBurst: number;
  readonly idleTimeoutMs: number;
  /** A connection that was used less than this ago is not closed for another database… */
  readonly holdMs: number;
  /** …unless a call has waited for so long; so long it also waits for a warm connection of its own before it closes another's. */
  readonly patienceMs: number;
  readonly queueLimit: number;
  readonly queueTimeoutMs: number;
  /** `fifo`: one queue for all, no caps. Only there to be compared with. */
  readonly order?: "fair" | "fifo" | undefined;
}

/** What the scheduler wants done. Called synchronously; none of them may call the scheduler back before it returned. */
export interface Effects<J extends Job> {
  /** The job has this connection until `release`. */
  grant(job: J, slot: Slot): void;
  /** Open it; answer with `opened` or `gone`. */
  open(slot: Slot): void;
  /** Close it; answer with `gone` when the server has closed its side. */
  close(slot: Slot): void;
  /** The job gets no connection. */
  reject(job: J, code: "WT_QUEUE_FULL" | "WT_QUEUE_TIMEOUT", retryAfterMs: number): void;
}

/** Counters since the start. */
export interface Totals {
  granted: number;
  opened: number;
  evicted: number;
  queueFull: number;
  queueTimeout: number;
}

export class Scheduler<J extends Job> {
  readonly slots: Slots = new Slots();
  readonly workingSet: WorkingSet = new WorkingSet();
  readonly totals: Totals = { granted: 0, opened: 0, evicted: 0, queueFull: 0, queueTimeout: 0 };
  readonly reservations: Reservations;
  readonly #options: SchedulerOptions;
  readonly #effects: Effects<J>;
  readonly #bucket: TokenBucket;
  readonly #tenants: Map<string, TenantQueue<J>> = new Map();
  readonly #caps: FairCaps<J> = new FairCaps(this.#tenants);
  readonly #ring: RoundRobin<Waiting<J>> = new RoundRobin();
  /** Taken out of their queues: a connection is being opened for them, or room is made. */
  readonly #awaiting: Set<Waiting<J>> = new Set();
  /** How many of them on each key. */
  readonly #awaited: Map<string, number> = new Map();
  /** What a connect takes, smoothed. */
  #connectMs: number = 0;
  #budget: number;
  /** Connects that are paid for: a token was taken when room was made. */
  #paid: number = 0;
  /** Connections being closed to make room. */
  readonly #makingRoom: Set<Slot> = new Set();

  constructor(options: SchedulerOptions, effects: Effects<J>, now: number) {
    this.#options = options;
    this.#effects = effects;
    this.#budget = options.budget;
    this.#bucket = new TokenBucket(options.connectRate, options.connectBurst, now);
    this.reservations = new Reservations(options.budget);
  }

  get budget(): number {
    return this.#budget;
  }

  /** Calls that wait for a connection. */
  get waiting(): number {
    let sum = this.#awaiting.size;
    for (const { jobs } of this.#tenants.values()) sum += jobs.length;
    return sum;
  }

  /** A call wants a connection. */
  submit(job: J, now: number): void {
    const queue = this.#queueOf(job, now);
    const { queueLimit, queueTimeoutMs } = this.#options;
    queue.limits = job.limits;
    this.reservations.set(job.tenant, job.key, job.limits.reserved ?? 0);
    const waiting = {
      job,
      since: now,
      deadline: now + (job.limits.queueTimeoutMs ?? queueTimeoutMs),
      awaitingSince: now,
    };
    queue.demand.add(1, now);
    queue.jobs.push(waiting);
    this.#ring.enter(queue);
    this.#pump(now);
    // Judged after the attempt to serve: a limit of 0 means "no waiting", not "no service".
    if (queue.waiting > (job.limits.queueLimit ?? queueLimit) && queue.jobs.at(-1) === waiting) {
      queue.jobs.pop();
      this.#rejected(waiting, "WT_QUEUE_FULL", now);
    }
  }

  /** The caller does not want it any more. @returns false when it has a connection already */
  cancel(job: J, now: number): boolean {
    const queue = this.#queueOf(job, now);
    const at = queue.jobs.findIndex((each) => each.job === job);
    if (at >= 0) queue.jobs.splice(at, 1);
    else if (!this.#unawait((each) => each.job === job)) return false;
    queue.demand.add(-1, now);
    this.#pump(now);
    return true;
  }

  /** A connection is ready for use. */
  opened(slot: Slot, now: number): void {
    if (slot.state !== "opening") return;
    this.#connectMs += (now - slot.openedAt - this.#connectMs) / 8;
    this.slots.toIdle(slot, now);
    if (this.#tooMany()) this.#close(slot);
    this.#pump(now);
  }

  /** A connection could not be opened. @returns the job that it was for, which is out of the books now */
  failed(slot: Slot, now: number): J | undefined {
    if (slot.state !== "opening") return undefined;
    this.slots.toClosing(slot);
    const waiting = this.#unawait(({ job }) => job.key === slot.key);
    if (waiting) this.#queueOf(waiting.job, now).demand.add(-1, now);
    return waiting?.job;
  }

  /** A call is done with its connection. @param keep false: the connection must be closed */
  release(job: J, slot: Slot, keep: boolean, now: number): void {
    const queue = this.#queueOf(job, now);
    queue.running--;
    queue.demand.add(-1, now);
    if (slot.state === "busy") {
      if (keep && !this.#tooMany()) this.slots.toIdle(slot, now);
      else this.#close(slot);
    }
    this.#pump(now);
  }

  /** A connection does not exist any more: its close is confirmed, or it broke. */
  gone(slot: Slot, now: number): void {
    this.slots.gone(slot);
    if (this.#makingRoom.delete(slot)) this.#paid++;
    this.#pump(now);
  }

  /** The share of this instance has changed. What is too much is closed as soon as it is idle. */
  resize(budget: number, now: number): void {
    this.#budget = budget;
    this.reservations.resize(budget);
    for (const slot of this.slots.idle) {
      if (!this.#tooMany()) break;
      this.#close(slot);
    }
    this.#pump(now);
  }

  /** Does what is due. @returns when to call again at the latest, or undefined */
  tick(now: number): number | undefined {
    this.#expire(now);
    for (const slot of this.slots.idle) {
      if (now - slot.idleSince < this.#options.idleTimeoutMs) break;
      if (!this.#reserved(slot)) this.#close(slot);
    }
    this.#pump(now);
    return this.#nextWake(now);
  }

  /** Nothing more will be served: all that waits is handed out to be refused, idle connections are closed. */
  stop(): J[] {
    const jobs = [...this.#awaiting].map(({ job }) => job);
    this.#awaiting.clear();
    this.#awaited.clear();
    for (const queue of this.#tenants.values()) jobs.push(...queue.jobs.splice(0).map(({ job }) => job));
    for (const slot of this.slots.idle) this.#close(slot);
    this.#budget = 0;
    return jobs;
  }

  #queueOf(job: J, now: number): TenantQueue<J> {
    // Compared with fairness: one queue, whoever asks.
    const name = this.#options.order === "fifo" ? "" : job.tenant;
    let queue = this.#tenants.get(name);
    if (queue === undefined) this.#tenants.set(name, (queue = new TenantQueue(name, job.limits, now)));
    queue.lastUsed = now;
    return queue;
  }

  #pump(now: number): void {
    for (const waiting of this.#awaiting) {
      const slot = this.slots.take(waiting.job.key, waiting.job.tenant);
      if (slot) {
        this.#unawait((each) => each === waiting, true);
        this.#granted(waiting.job, slot, now);
      }
    }
    this.#makeConnections(now);
    if (this.slots.idle.size === 0 && this.#awaiting.size >= this.#budget) return;
    this.#ring.run((waiting) => this.#serve(waiting, now));
    this.#makeConnections(now);
  }

  #serve(waiting: Waiting<J>, now: number): boolean {
    const { job } = waiting;
    const queue = this.#queueOf(job, now);
    if (this.#options.order !== "fifo" && queue.running >= this.#caps.of(queue, this.#budget, now)) return false;
    const slot = this.slots.take(job.key, job.tenant);
    if (slot) {
      queue.running++;
      this.#granted(job, slot, now);
      return true;
    }
    // As many as there are connections may wait for one to be opened; the rest stays in its queue, where the order is fair.
    if (this.#awaiting.size >= this.#budget) return false;
    const room = this.slots.all.size + this.#awaiting.size - this.#opening() < this.#budget;
    // A connection of its own will be there or free soon: better than closing one that somebody else is using.
    const own = this.slots.live(job.key) + this.slots.opening(job.key) + (this.#awaited.get(job.key) ?? 0);
    if (!room && own > 0)
      if (now - waiting.since < this.#ownPatienceMs() || !this.#victim(job.key, 0, now)) return false;
    waiting.awaitingSince = now;
    queue.running++;
    queue.awaiting++;
    this.#await(waiting, 1);
    return true;
  }

  // Opens what calls wait for, as far as budget and rate allow, and makes room by closing others' idle connections.
  #makeConnections(now: number): void {
    const served = new Map<string, number>();
    let room = this.#makingRoom.size;
    for (const waiting of this.#awaiting) {
      const { key } = waiting.job;
      const before = served.get(key) ?? 0;
      served.set(key, before + 1);
      if (before < this.slots.opening(key)) continue;
      if (this.slots.all.size < this.#budget) {
        if (this.#paid > 0) this.#paid--;
        else if (!this.#bucket.take(now)) break;
        this.workingSet.missed(key, now);
        this.totals.opened++;
        this.#effects.open(this.slots.open(key, now));
      } else if (room > 0) room--;
      else {
        const victim = this.#victim(key, now - waiting.awaitingSince, now);
        if (!victim) continue;
        if (this.#paid > 0) this.#paid--;
        else if (!this.#bucket.take(now)) break;
        this.#makingRoom.add(victim);
        this.workingSet.evicted(now);
        this.totals.evicted++;
        this.#close(victim);
      }
    }
    // Room was made for calls that found a warm connection meanwhile.
    while (this.#paid > 0 && served.size === 0) {
      this.#paid--;
      this.#bucket.give();
    }
  }

  /** The idle connection that may be closed for a call on `key` that is first in line for so long, if any. */
  #victim(key: string, waitedMs: number, now: number): Slot | undefined {
    const { holdMs, patienceMs } = this.#options;
    for (const slot of this.slots.idle) {
      // The order is by age: who comes later was used later still.
      if (now - slot.idleSince < holdMs && waitedMs < patienceMs) return undefined;
      if (slot.key !== key && !this.#reserved(slot)) return slot;
    }
    return undefined;
  }

  #reserved({ key }: Slot): boolean {
    return this.slots.live(key) <= this.reservations.of(key);
  }

  /** Connections that will be there soon for calls that wait for them. */
  #opening(): number {
    let sum = 0;
    for (const [key, count] of this.#awaited) sum += Math.min(count, this.slots.opening(key));
    return sum;
  }

  #await(waiting: Waiting<J>, change: 1 | -1): void {
    const { key } = waiting.job;
    const count = (this.#awaited.get(key) ?? 0) + change;
    if (count > 0) this.#awaited.set(key, count);
    else this.#awaited.delete(key);
    if (change > 0) this.#awaiting.add(waiting);
    else this.#awaiting.delete(waiting);
  }

  #granted(job: J, slot: Slot, now: number): void {
    this.totals.granted++;
    this.workingSet.called(job.key, now);
    this.#effects.grant(job, slot);
  }

  #rejected({ job }: Waiting<J>, code: "WT_QUEUE_FULL" | "WT_QUEUE_TIMEOUT", now: number): void {
    const queue = this.#queueOf(job, now);
    queue.demand.add(-1, now);
    this.totals[code === "WT_QUEUE_FULL" ? "queueFull" : "queueTimeout"]++;
    // What waits, at the pace of what was served: nobody knows better.
    const { calls } = this.workingSet.report(this.#budget, now);
    const perMs = Math.max(calls / 30_000, 0.001);
    this.#effects.reject(job, code, Math.min(30_000, Math.max(100, Math.ceil(queue.waiting / perMs))));
  }

  #unawait(match: (waiting: Waiting<J>) => boolean, granted: boolean = false): Waiting<J> | undefined {
    for (const waiting of this.#awaiting)
      if (match(waiting)) {
        this.#await(waiting, -1);
        const queue = this.#tenants.get(this.#options.order === "fifo" ? "" : waiting.job.tenant)!;
        queue.awaiting--;
        if (!granted) queue.running--;
        return waiting;
      }
    return undefined;
  }

  // Opening one takes time as well, on a busy server most of all: then it is worth waiting longer.
  #ownPatienceMs(): number {
    return Math.max(this.#options.patienceMs, Math.min(500, Math.ceil(2 * this.#connectMs)));
  }

  #tooMany(): boolean {
    return this.slots.all.size - this.slots.closing > this.#budget;
  }

  #close(slot: Slot): void {
    this.slots.toClosing(slot);
    this.#effects.close(slot);
  }

  #expire(now: number): void {
    for (const waiting of this.#awaiting)
      if (waiting.deadline <= now) {
        this.#unawait((each) => each === waiting);
        this.#rejected(waiting, "WT_QUEUE_TIMEOUT", now);
      }
    for (const { jobs } of this.#tenants.values())
      while (jobs[0] !== undefined && jobs[0].deadline <= now) this.#rejected(jobs.shift()!, "WT_QUEUE_TIMEOUT", now);
  }

  #nextWake(now: number): number | undefined {
    let wake = Infinity;
    const { idleTimeoutMs, holdMs, patienceMs } = this.#options;
    for (const slot of this.slots.idle) {
      if (this.#reserved(slot)) continue;
      wake = slot.idleSince + idleTimeoutMs;
      if (this.#awaiting.size > 0) wake = Math.min(wake, later(slot.idleSince + holdMs, now));
      break;
    }
    for (const { jobs } of this.#tenants.values()) {
      const [head] = jobs;
      if (head) wake = Math.min(wake, head.deadline, later(head.since + this.#ownPatienceMs(), now));
    }
    for (const { deadline, awaitingSince } of this.#awaiting)
      wake = Math.min(wake, deadline, later(awaitingSince + patienceMs, now), later(this.#bucket.next(now), now));
    return wake === Infinity ? undefined : Math.max(wake, now + 1);
  }
}

const later = (at: number, now: number): number => (at > now ? at : Infinity);
