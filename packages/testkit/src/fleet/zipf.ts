// Traffic as it is: a few tenants have most of it. The same seed gives the same sequence. Must never be used for anything secret.

/** Numbers from 0 to count - 1, number `i` with a probability in proportion to 1 / (i + 1) ** skew. */
export function zipf(count: number, skew: number, seed: number): () => number {
  const sums: number[] = [];
  let sum = 0;
  for (let i = 0; i < count; i++) sums.push((sum += 1 / (i + 1) ** skew));
  // Mulberry32, a published generator of 32 bits of state: good enough for a load, and repeatable.
  let state = seed | 0;
  const random = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return () => {
    const at = random() * sum;
    let from = 0;
    let to = count - 1;
    while (from < to) {
      const middle = (from + to) >> 1;
      if (sums[middle]! <= at) from = middle + 1;
      else to = middle;
    }
    return from;
  };
}
