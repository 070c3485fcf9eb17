/** What is to be closed when a run of an operation ends, however it ends: sessions that its steps share. Keyed by the run. */

const closers = new WeakMap<object, Set<() => Promise<void>>>();

/** Calls `close` when the run ends. */
export function atRunEnd(run: object, close: () => Promise<void>): void {
  const all = closers.get(run) ?? new Set();
  closers.set(run, all.add(close));
}

/** The run has ended. Never throws: the run's own outcome is what counts. */
export async function runEnded(run: object): Promise<void> {
  const all = closers.get(run) ?? new Set();
  closers.delete(run);
  await Promise.allSettled([...all].map((close) => close()));
}
