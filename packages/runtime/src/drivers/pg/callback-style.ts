/**
 * pg's two ways to answer. A callback runs in its caller's async context: stock pg resumes in the context of whoever
 * released the connection, and there the ambient tenant is somebody else's.
 */
import { AsyncResource } from "node:async_hooks";
import type { Callback } from "./shapes.ts";

/** The promise itself, or undefined after arranging that `callback` hears of its end. */
export function answer<T>(
  work: Promise<T>,
  callback: unknown,
  tell: (callback: Callback, value: T) => void = (callback, value) => callback(null, value),
): Promise<T> | undefined {
  if (typeof callback !== "function") return work;
  const bound = AsyncResource.bind(callback as Callback);
  // pg-pool hands a release function to a failed connect as well.
  work.then(
    (value) => tell(bound, value),
    (error: Error) => (bound as (...args: unknown[]) => void)(error, undefined, () => {}),
  );
  return undefined;
}
