/**
 * What a plain LRU of connections would do with a sequence of calls: the yardstick for the hit rate, and the model behind the
 * suggested budget. Pure.
 */

/** A simulated run. */
export interface LruRun {
  readonly hits: number;
  readonly misses: number;
  /** 0 to 1; 1 without any call. */
  readonly hitRate: number;
}

/**
 * Runs `keys` through an LRU of `capacity` connections, one call at a time.
 * @example simulateLru(["a", "b", "a"], 2).hitRate // 1/3
 */
export function simulateLru(keys: Iterable<string>, capacity: number): LruRun {
  const kept = new Set<string>();
  let hits = 0;
  let misses = 0;
  for (const key of keys) {
    if (kept.delete(key)) hits++;
    else {
      misses++;
      // A set remembers the order of insertion: the first one is the one not used for longest.
      if (kept.size >= capacity) for (const oldest of kept) if (kept.delete(oldest)) break;
    }
    if (capacity > 0) kept.add(key);
  }
  return { hits, misses, hitRate: hits + misses === 0 ? 1 : hits / (hits + misses) };
}
