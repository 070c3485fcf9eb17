// Pseudo-random streams that give the same numbers on every machine: one named stream per table and tenant, so that a change to one table
// never moves the rows of another. Must never be used for secrets.
import { createHash } from "node:crypto";

export interface Stream {
  /** A number in [0, 1). */
  next(): number;
  /** An integer from low to high, both included. */
  integer(low: number, high: number): number;
  pick<T>(from: readonly T[]): T;
  uuid(): string;
}

/** A stream that depends on its names only. The generator is sfc32, seeded with the SHA-256 of the names. */
export function stream(...names: readonly (string | number)[]): Stream {
  const digest = createHash("sha256").update(names.join("\u0000")).digest();
  let a = digest.readInt32LE(0);
  let b = digest.readInt32LE(4);
  let c = digest.readInt32LE(8);
  let counter = digest.readInt32LE(12);
  const word = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    c |= 0;
    return sum >>> 0;
  };
  const next = (): number => word() / 4294967296;
  return {
    next,
    integer: (low, high) => low + Math.floor(next() * (high - low + 1)),
    pick: (from) => from[Math.floor(next() * from.length)]!,
    uuid: () => {
      const hex = [word(), word(), word(), word()].map((n) => n.toString(16).padStart(8, "0")).join("");
      const variant = "89ab"[Number.parseInt(hex[16]!, 16) & 3]!;
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
    },
  };
}
