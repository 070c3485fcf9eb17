/**
 * A way to stop one call. As AbortSignal, of which it is the part used here, but cheap: every query of a template has
 * one, and an AbortController costs more than the rest of the call together.
 */

/** What a call listens to; an AbortSignal is one. */
export interface StopSignal {
  readonly aborted: boolean;
  readonly reason?: unknown;
  addEventListener(type: "abort", listener: () => void, options?: { once: boolean }): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/** A signal that is fired by `cancel`. */
export class Cancellation implements StopSignal {
  aborted: boolean = false;
  readonly #listeners: Set<() => void> = new Set();

  addEventListener(_type: "abort", listener: () => void): void {
    this.#listeners.add(listener);
  }

  removeEventListener(_type: "abort", listener: () => void): void {
    this.#listeners.delete(listener);
  }

  cancel(): void {
    if (this.aborted) return;
    this.aborted = true;
    for (const listener of this.#listeners) listener();
  }
}

/** Options whose signal may also be one of ours. */
export type Stoppable<T> = Omit<T, "signal"> & { readonly signal?: StopSignal | undefined };
