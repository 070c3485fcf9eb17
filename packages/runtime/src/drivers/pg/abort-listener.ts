/** Listens to an AbortSignal, if there is one. A listener must go with its work: signals may live as long as the process. */

/** @returns what stops listening */
export function onAbort(signal: AbortSignal | undefined, act: () => void): () => void {
  signal?.addEventListener("abort", act);
  return () => signal?.removeEventListener("abort", act);
}
