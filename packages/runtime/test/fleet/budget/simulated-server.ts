/** A server in virtual time under the scheduler: connects, calls and closes take as long as it is told. Checks at every step what must always hold. */
import { Scheduler, type SchedulerOptions } from "../../../src/fleet/budget/scheduler.ts";
import type { Slot } from "../../../src/fleet/budget/slots.ts";
import type { Job } from "../../../src/fleet/fair/tenant-queue.ts";

export interface Call extends Job {
  readonly number: number;
  readonly serviceMs: number;
}

export const usual: SchedulerOptions = {
  budget: 10,
  connectRate: 1000,
  connectBurst: 1000,
  idleTimeoutMs: 60_000,
  holdMs: 20,
  patienceMs: 25,
  queueLimit: 100_000,
  queueTimeoutMs: 1_000_000,
};

interface Due {
  readonly at: number;
  readonly run: () => void;
}

export class SimulatedServer {
  now = 0;
  readonly scheduler: Scheduler<Call>;
  readonly granted: { call: Call; at: number; waitedMs: number }[] = [];
  readonly rejected: { call: Call; code: string; at: number }[] = [];
  /** Most connections at any moment. */
  peak = 0;
  readonly #due: Due[] = [];
  readonly #since = new Map<Call, number>();
  #wake = Infinity;
  readonly #options: SchedulerOptions;
  readonly #connectMs: number;
  readonly #closeMs: number;

  constructor(options: Partial<SchedulerOptions> = {}, times: { connectMs?: number; closeMs?: number } = {}) {
    this.#options = { ...usual, ...options };
    this.#connectMs = times.connectMs ?? 6;
    this.#closeMs = times.closeMs ?? 2;
    const after = (ms: number, run: () => void): void => this.at(this.now + ms, run);
    const open = new Set<Slot>();
    this.scheduler = new Scheduler<Call>(
      this.#options,
      {
        grant: (call, slot) => {
          if (slot.key !== call.key) throw new Error(`a connection of ${slot.key} for a call of ${call.key}`);
          this.granted.push({ call, at: this.now, waitedMs: this.now - this.#since.get(call)! });
          after(call.serviceMs, () => this.scheduler.release(call, slot, true, this.now));
        },
        open: (slot) => {
          open.add(slot);
          this.peak = Math.max(this.peak, open.size);
          // The one thing that must never happen.
          if (open.size > this.scheduler.budget)
            throw new Error(`${open.size} connections, ${this.scheduler.budget} allowed`);
          after(this.#connectMs, () => this.scheduler.opened(slot, this.now));
        },
        close: (slot) =>
          after(this.#closeMs, () => {
            open.delete(slot);
            this.scheduler.gone(slot, this.now);
          }),
        reject: (call, code) => void this.rejected.push({ call, code, at: this.now }),
      },
      0,
    );
  }

  at(at: number, run: () => void): void {
    const due = { at, run };
    let from = 0;
    let to = this.#due.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      if (this.#due[middle]!.at <= at) from = middle + 1;
      else to = middle;
    }
    this.#due.splice(from, 0, due);
  }

  submit(call: Call): void {
    this.#since.set(call, this.now);
    this.scheduler.submit(call, this.now);
  }

  /** Runs until nothing is due any more, or until a moment. */
  run(until: number = Infinity): void {
    for (;;) {
      const next = this.#due[0];
      const wake = this.scheduler.waiting > 0 ? this.#wake : Infinity;
      const at = Math.min(next?.at ?? Infinity, wake);
      if (at > until || at === Infinity) break;
      this.now = at;
      if (next !== undefined && next.at <= at) {
        this.#due.shift();
        next.run();
      }
      this.#wake = this.scheduler.tick(this.now) ?? Infinity;
    }
    if (until !== Infinity) this.now = until;
  }
}
