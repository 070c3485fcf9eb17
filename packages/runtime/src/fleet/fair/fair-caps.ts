/**
 * How many connections each tenant may use at once: the level up to which max-min fair filling of all tenants' peak demands gets. Worked out
 * a few times a second, not at every call. Forgets tenants that were not seen for a window. Pure.
 */
import { fairShares } from "./fair-share.ts";
import type { Job, TenantQueue } from "./tenant-queue.ts";

const everyMs = 100;
const forgetMs = 30_000;

export class FairCaps<J extends Job> {
  readonly #tenants: Map<string, TenantQueue<J>>;
  #level: number = Infinity;
  #at: number = -Infinity;

  constructor(tenants: Map<string, TenantQueue<J>>) {
    this.#tenants = tenants;
  }

  /** Most connections of this tenant at once; at least one, or a tenant with a small weight would never be served. */
  of(queue: TenantQueue<J>, capacity: number, now: number): number {
    if (now - this.#at >= everyMs) this.#refill(capacity, now);
    const fair = Math.max(1, Math.round(this.#level * queue.weight));
    return Math.min(Math.max(fair, Math.min(queue.limits.reserved ?? 0, capacity)), queue.limits.cap ?? Infinity);
  }

  #refill(capacity: number, now: number): void {
    this.#at = now;
    const claims = [];
    for (const [tenant, queue] of this.#tenants) {
      if (queue.idle && now - queue.lastUsed > forgetMs) this.#tenants.delete(tenant);
      else claims.push({ demand: queue.demand.peak(now), weight: queue.weight });
    }
    this.#level = fairShares(capacity, claims).level;
  }
}
