/**
 * Reads a query's outcome without awaiting it: postgres.js starts a query when it is awaited, and delivers it when its
 * own answer is in, which is before the transaction around it has ended. Must run before the query is executed.
 */
import type { NativeQuery } from "./shapes.ts";

/** How a query ended. */
export type Settled = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: unknown };

/**
 * Takes the outcome over; the query's own promise stays pending.
 * @param first called at once, while postgres.js handles the answer: before the connection is anybody else's
 */
export function settlement(query: NativeQuery, first?: (settled: Settled) => void): Promise<Settled> {
  return new Promise((settle) => {
    let done = false;
    const end = (settled: Settled): void => {
      query.active = false;
      if (done) return;
      done = true;
      first?.(settled);
      settle(settled);
    };
    query.resolve = (value) => end({ ok: true, value });
    query.reject = (error) => end({ ok: false, error });
  });
}

/** The value, or throws the error. */
export function valueOf(settled: Settled): unknown {
  if (settled.ok) return settled.value;
  throw settled.error;
}
