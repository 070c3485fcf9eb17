/** Where two days differ. */
import type { Step } from "./random-day.ts";

export function differences(
  one: readonly Step[],
  other: readonly Step[],
): { one: Step | undefined; other: Step | undefined }[] {
  return Array.from({ length: Math.max(one.length, other.length) }, (_, i) => ({
    one: one[i],
    other: other[i],
  })).filter((pair) => JSON.stringify(pair.one) !== JSON.stringify(pair.other));
}
