/**
 * pg's two ways to answer. A callback runs in its caller's async context: stock pg resumes in the context of whoever
 * released the connection, and there the ambient tenant is somebody else's.
 */
import { inThisContext } from "../../context/store.ts";
import type { Callback } from "./shapes.ts";

/** Runs `work`; the promise itself, or undefined after arranging that `callback` hears of its end. */
export function answer<T>(
  work: () => Promise<T>,
  callback: unknown,
  tell: (callback: Callback, value: T) => void = (callback, value) => callback(null, value),
): Promise<T> | undefined {
  const promise = work();
  if (typeof callback !== "function") return promise;
  const bound = inThisContext(callback as Callback);
  // pg-pool hands a release function to a failed connect as well.
  promise.then(
    (value) => tell(bound, value),
    (error: Error) => (bound as (...args: unknown[]) => void)(error, undefined, () => {}),
  );
  return undefined;
}
