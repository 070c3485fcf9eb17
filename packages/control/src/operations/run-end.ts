/** What is to be closed when a run of an operation ends, however it ends: sessions that its steps share. Keyed by the run's own signal. */

const closers = new WeakMap<AbortSignal, Set<() => Promise<void>>>();

/** Calls `close` when the run of this signal ends. */
export function atRunEnd(signal: AbortSignal, close: () => Promise<void>): void {
  const all = closers.get(signal) ?? new Set();
  closers.set(signal, all.add(close));
}

/** The run has ended. Never throws: the run's own outcome is what counts. */
export async function runEnded(signal: AbortSignal): Promise<void> {
  const all = closers.get(signal) ?? new Set();
  closers.delete(signal);
  await Promise.allSettled([...all].map((close) => close()));
}
