/**
 * What tenants use: calls, time, rows, time waited for a connection. Only of those who use most, because a figure for each of a hundred thousand
 * tenants is a memory leak here and a broken metrics store there. Kept only where it was asked for: these figures name tenants.
 */
import { HeavyHitters, type HeavyHitter } from "./heavy-hitters.ts";

/** What is counted. */
export type UsageKind = "calls" | "milliseconds" | "rows" | "waitedMilliseconds";

/** The largest users of one thing. */
export interface UsageRanking {
  /** Of all tenants. */
  readonly total: number;
  /** No value is too large by more than this. Whoever is not in `top` has used no more than its last place shows. */
  readonly errorAtMost: number;
  readonly top: readonly HeavyHitter[];
}

/** Since the pool was made, by this instance. */
export type TenantUsageReport = Readonly<Record<UsageKind, UsageRanking>>;

/** Counters for each place in the ranking: more of them make the ranking's end more exact. */
const countersPerPlace = 4;

export class TenantUsage {
  readonly #topK: number;
  readonly #capacity: number;
  readonly #kinds: Readonly<Record<UsageKind, HeavyHitters>>;

  /** @param topK tenants in each ranking */
  constructor(topK: number) {
    this.#topK = topK;
    this.#capacity = topK * countersPerPlace;
    const make = (): HeavyHitters => new HeavyHitters(this.#capacity);
    this.#kinds = { calls: make(), milliseconds: make(), rows: make(), waitedMilliseconds: make() };
  }

  add(kind: UsageKind, tenant: string, amount: number): void {
    this.#kinds[kind].add(tenant, amount);
  }

  report(): TenantUsageReport {
    const ranking = (kind: UsageKind): UsageRanking => {
      const { total, size } = this.#kinds[kind];
      // while there is room nobody was ever pushed out, and all values are exact
      return {
        total,
        errorAtMost: size < this.#capacity ? 0 : total / this.#capacity,
        top: this.#kinds[kind].top(this.#topK),
      };
    };
    return {
      calls: ranking("calls"),
      milliseconds: ranking("milliseconds"),
      rows: ranking("rows"),
      waitedMilliseconds: ranking("waitedMilliseconds"),
    };
  }
}
