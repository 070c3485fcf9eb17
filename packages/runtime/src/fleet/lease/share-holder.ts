/**
 * What an instance may use of a server's budget at a moment: its lease while that is good, its static share otherwise. Pure. Counts a lease from the moment
 * of asking, which is earlier than the store does, so that the instance is the first to believe that it is over.
 */
import type { LeaseGrant } from "./budget-lease.ts";

export class ShareHolder {
  readonly #static: number;
  #leased: number = 0;
  #until: number = -Infinity;

  constructor(staticShare: number) {
    this.#static = staticShare;
  }

  /** A lease was granted to a request that was sent at `askedAt`. */
  granted({ share, ttlMs }: LeaseGrant, askedAt: number): void {
    // Answers may overtake each other.
    if (askedAt + ttlMs < this.#until) return;
    this.#leased = share;
    this.#until = askedAt + ttlMs;
  }

  /** Connections that this instance may have. */
  share(now: number): number {
    return this.leased(now) ? this.#leased : this.#static;
  }

  /** Whether it lives on a lease. */
  leased(now: number): boolean {
    return now < this.#until;
  }

  /** When the share changes by itself. */
  get until(): number {
    return this.#until;
  }
}
