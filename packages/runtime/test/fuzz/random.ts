/** Seeded randomness of the long random tests. Must never use Math.random: a failure is only worth its seed. */

/** A small seeded generator (mulberry32): fast, and good enough to pick actions. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A float in [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  /** A whole number in [0, below). */
  below(below: number): number {
    return Math.floor(this.next() * below);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }
}

/** A generator of its own for each iteration, so that what an iteration does never depends on the others. */
export function iterationRandom(seed: number, iteration: number): Random {
  return new Random((Math.imul(seed, 0x9e3779b1) ^ Math.imul(iteration + 1, 0x85ebca6b)) >>> 0);
}

/** Sorts in random order, in place. */
export function shuffle(items: { [index: number]: number; readonly length: number }, random: Random): void {
  for (let i = items.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    const kept = items[i] as number;
    items[i] = items[j] as number;
    items[j] = kept;
  }
}

/** The seed from the environment, or a new one. */
export function chooseSeed(name: string): number {
  const given = Number(process.env[name]);
  return Number.isInteger(given) && process.env[name] !== undefined
    ? given >>> 0
    : (Date.now() ^ (process.pid << 16)) >>> 0;
}

/** A positive number from the environment, or the default. */
export function fromEnvironment(name: string, otherwise: number): number {
  const given = Number(process.env[name]);
  return given > 0 ? given : otherwise;
}
