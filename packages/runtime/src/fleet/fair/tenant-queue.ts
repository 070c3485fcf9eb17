/** What the scheduler knows of one tenant: its queue, what runs, its limits, its demand. Decides nothing. */
import type { TenantLimits } from "../../routes/route-source.ts";
import { DemandWindow } from "./demand-window.ts";

/** One call that wants a connection. */
export interface Job {
  readonly tenant: string;
  /** Database and role: which connections can serve it. */
  readonly key: string;
  readonly limits: TenantLimits;
}

/** A call that waits, and since when. */
export interface Waiting<J extends Job> {
  readonly job: J;
  readonly since: number;
  readonly deadline: number;
  /** Since when it is the first in line for a connection that has to be opened. */
  awaitingSince: number;
}

export class TenantQueue<J extends Job> {
  readonly tenant: string;
  readonly jobs: Waiting<J>[] = [];
  readonly demand: DemandWindow;
  limits: TenantLimits;
  /** Calls that have a connection, or one that is being opened for them. */
  running: number = 0;
  /** Calls that wait for a connection being opened; part of `running`. */
  awaiting: number = 0;
  lastUsed: number;

  constructor(tenant: string, limits: TenantLimits, now: number) {
    this.tenant = tenant;
    this.limits = limits;
    this.demand = new DemandWindow(now);
    this.lastUsed = now;
  }

  get weight(): number {
    return Math.min(100, Math.max(1, this.limits.weight ?? 1));
  }

  /** Calls that have no connection yet. */
  get waiting(): number {
    return this.jobs.length + this.awaiting;
  }

  /** Nothing of it is here. */
  get idle(): boolean {
    return this.running === 0 && this.jobs.length === 0;
  }
}
