/**
 * Who uses most, out of any number of keys, in bounded memory: the Space-Saving summary of Metwally, Agrawal and El Abbadi ("Efficient computation of
 * frequent and top-k elements in data streams", ICDT 2005), with weights. Pure. With `capacity` counters and a total of N: every key whose own sum is more than
 * N / capacity is in; a value is never too small, and too large by `over` at most, which is at most N / capacity.
 */

/** One key that is kept. */
export interface HeavyHitter {
  readonly key: string;
  /** At least its own sum. */
  readonly value: number;
  /** By how much the value may be too large. */
  readonly over: number;
}

interface Counter {
  key: string;
  value: number;
  over: number;
}

export class HeavyHitters {
  readonly #capacity: number;
  /** A heap: the smallest value first. */
  readonly #heap: Counter[] = [];
  readonly #places: Map<string, number> = new Map();
  #total: number = 0;

  /** @param capacity counters that are kept */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Sum of all weights. */
  get total(): number {
    return this.#total;
  }

  /** Keys that are kept. */
  get size(): number {
    return this.#heap.length;
  }

  /** Adds to a key. A weight that is no positive number counts nothing. */
  add(key: string, weight: number): void {
    if (!(weight > 0 && weight < Infinity)) return;
    this.#total += weight;
    const place = this.#places.get(key);
    if (place !== undefined) {
      this.#heap[place]!.value += weight;
      this.#sink(place);
    } else if (this.#heap.length < this.#capacity) {
      this.#heap.push({ key, value: weight, over: 0 });
      this.#places.set(key, this.#heap.length - 1);
      this.#rise(this.#heap.length - 1);
    } else {
      // the smallest makes room, and leaves its value behind: whoever comes may have been here before
      const least = this.#heap[0]!;
      this.#places.delete(least.key);
      this.#places.set(key, 0);
      this.#heap[0] = { key, value: least.value + weight, over: least.value };
      this.#sink(0);
    }
  }

  /** The `count` largest, largest first. */
  top(count: number): HeavyHitter[] {
    return this.#heap
      .toSorted((a, b) => b.value - a.value || (a.key < b.key ? -1 : 1))
      .slice(0, count)
      .map((counter) => ({ ...counter }));
  }

  #rise(at: number): void {
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (this.#heap[above]!.value <= this.#heap[at]!.value) return;
      this.#swap(at, above);
      at = above;
    }
  }

  #sink(at: number): void {
    for (;;) {
      const left = 2 * at + 1;
      if (left >= this.#heap.length) return;
      const right = left + 1;
      const least = right < this.#heap.length && this.#heap[right]!.value < this.#heap[left]!.value ? right : left;
      if (this.#heap[at]!.value <= this.#heap[least]!.value) return;
      this.#swap(at, least);
      at = least;
    }
  }

  #swap(a: number, b: number): void {
    const [one, two] = [this.#heap[a]!, this.#heap[b]!];
    this.#heap[a] = two;
    this.#heap[b] = one;
    this.#places.set(two.key, a);
    this.#places.set(one.key, b);
  }
}
