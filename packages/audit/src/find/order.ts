/**
 * The orders in which tools run files.
 */
import { posix } from "node:path";

type Compare = (a: string, b: string) => number;

/** By code units, as most tools and shells in the C locale sort. */
export const byName: Compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

/** By a number that a pattern's first group finds in the file's name; then by name. Numbers may be longer than a double holds. */
export function byNumber(pattern: RegExp): Compare {
  const numberOf = (file: string): bigint => BigInt(pattern.exec(posix.basename(file))?.[1] ?? "0");
  return (a, b) => {
    const [x, y] = [numberOf(a), numberOf(b)];
    return x < y ? -1 : x > y ? 1 : byName(a, b);
  };
}

/** By versions of several numbers: 1.2 before 1.10, 1 equals 1.0. */
export function byVersion(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i += 1) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Part by part of the path: names that begin with a number by it, others by name. For plain folders, where 2_b comes before 10_a. */
export const byNumberedPath: Compare = (a, b) => {
  const [left, right] = [a.split("/"), b.split("/")];
  for (let i = 0; i < Math.min(left.length, right.length); i += 1) {
    const [x = "", y = ""] = [left[i], right[i]];
    const [n, m] = [/^\d+/.exec(x)?.[0], /^\d+/.exec(y)?.[0]];
    if (n !== undefined && m !== undefined && BigInt(n) !== BigInt(m)) return BigInt(n) < BigInt(m) ? -1 : 1;
    if (x !== y) return byName(x, y);
  }
  return left.length - right.length;
};
