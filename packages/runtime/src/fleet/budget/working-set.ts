/**
 * How large the working set is: for each miss, how many other endpoints were used since this one was used last. An LRU of more
 * connections than that would have had it. Remembers a bounded number of endpoints and a bounded time. Pure.
 */

const remembered = 4096;
const sliceMs = 5000;
const slices = 6;

interface Slice {
  readonly from: number;
  calls: number;
  misses: number;
  evictions: number;
  /** Reuse distances of the misses; a first use has none. */
  readonly distances: number[];
}

/** The window's figures. */
export interface WorkingSetReport {
  readonly calls: number;
  readonly missesPerSecond: number;
  readonly evictionsPerSecond: number;
  /** 0 to 1. */
  readonly hitRate: number;
  /** Smallest budget with which nine in ten of the calls that can hit would have hit; the budget itself when that is met. */
  readonly suggestedBudget: number;
}

export class WorkingSet {
  // In order of last use.
  readonly #used: Map<string, true> = new Map();
  #slices: Slice[] = [];
  #last: string | undefined;

  /** A call was given a connection of `key`. */
  called(key: string, now: number): void {
    this.#slice(now).calls++;
    this.#touch(key);
  }

  /** A connection has to be opened for `key`. Comes before {@link called}. */
  missed(key: string, now: number): void {
    const slice = this.#slice(now);
    slice.misses++;
    if (!this.#used.has(key)) return;
    let distance = this.#used.size;
    for (const each of this.#used.keys()) {
      if (each === key) break;
      distance--;
    }
    slice.distances.push(distance);
  }

  /** A connection was closed for want of room. */
  evicted(now: number): void {
    this.#slice(now).evictions++;
  }

  /** The figures of the last half minute. */
  report(budget: number, now: number): WorkingSetReport {
    this.#slice(now);
    const sum = (pick: (slice: Slice) => number): number => this.#slices.reduce((total, each) => total + pick(each), 0);
    const calls = sum((slice) => slice.calls);
    const misses = sum((slice) => slice.misses);
    const seconds = Math.max(1, (now - (this.#slices[0]?.from ?? now)) / 1000);
    const distances = this.#slices.flatMap((slice) => slice.distances).toSorted((a, b) => a - b);
    const hits = Math.max(0, calls - misses);
    const wanted = Math.ceil((hits + distances.length) * 0.9) - hits;
    return {
      calls,
      missesPerSecond: misses / seconds,
      evictionsPerSecond: sum((slice) => slice.evictions) / seconds,
      hitRate: calls === 0 ? 1 : hits / calls,
      suggestedBudget: wanted <= 0 ? budget : Math.max(budget, distances[wanted - 1] ?? budget),
    };
  }

  #touch(key: string): void {
    if (key === this.#last) return;
    this.#last = key;
    this.#used.delete(key);
    this.#used.set(key, true);
    if (this.#used.size > remembered)
      for (const oldest of this.#used.keys()) {
        this.#used.delete(oldest);
        break;
      }
  }

  #slice(now: number): Slice {
    let current = this.#slices.at(-1);
    if (current === undefined || now - current.from >= sliceMs) {
      current = { from: now, calls: 0, misses: 0, evictions: 0, distances: [] };
      this.#slices.push(current);
      this.#slices = this.#slices.filter(({ from }) => now - from < sliceMs * slices);
    }
    return current;
  }
}
