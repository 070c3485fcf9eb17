/** How long each part of a check took. */

/** Measures parts by name. */
export interface Stopwatch {
  timed<T>(name: string, work: () => Promise<T>): Promise<T>;
  /** Milliseconds by name, and `total` since the watch was made. */
  timing(): Record<string, number>;
}

/** Starts a watch. */
export function makeStopwatch(): Stopwatch {
  const begin = performance.now();
  const spent: Record<string, number> = {};
  return {
    async timed(name, work) {
      const start = performance.now();
      try {
        return await work();
      } finally {
        spent[name] = Math.round(performance.now() - start);
      }
    },
    timing: () => ({ ...spent, total: Math.round(performance.now() - begin) }),
  };
}
