/**
 * How many connections a tenant wants: the mean number of its calls in the house (running and waiting) in each second, and of these
 * the peak over a window. The mean of a second, because a tenant with one call of 20 ms now and then wants a fiftieth of a
 * connection, not one: summed over many such tenants the peaks of an instant would leave nothing to anybody. Knows no clock.
 */

const bucketMs = 1000;

export class DemandWindow {
  readonly #buckets: Float64Array;
  #bucket: number = 0;
  #since: number;
  #count: number = 0;
  #area: number = 0;

  /** @param windowMs how far the peak looks back */
  constructor(now: number, windowMs: number = 30_000) {
    this.#buckets = new Float64Array(Math.max(1, Math.ceil(windowMs / bucketMs)));
    this.#since = now;
    this.#bucket = Math.floor(now / bucketMs);
  }

  /** The number of calls changes by `change` now. */
  add(change: number, now: number): void {
    this.#advance(now);
    this.#count += change;
  }

  /** Peak demand; what runs in this very moment counts at least for the part of the second that has passed. */
  peak(now: number): number {
    this.#advance(now);
    return Math.max(this.#area / bucketMs, ...this.#buckets);
  }

  #advance(now: number): void {
    const size = this.#buckets.length;
    const bucket = Math.floor(now / bucketMs);
    // A gap longer than the window needs each bucket once.
    if (bucket - this.#bucket > size) this.#skipTo(bucket - size);
    while (this.#bucket < bucket) this.#close((this.#bucket + 1) * bucketMs);
    if (now > this.#since) {
      this.#area += this.#count * (now - this.#since);
      this.#since = now;
    }
  }

  #close(end: number): void {
    this.#area += this.#count * (end - this.#since);
    this.#buckets[this.#bucket % this.#buckets.length] = this.#area / bucketMs;
    this.#area = 0;
    this.#since = end;
    this.#bucket++;
  }

  #skipTo(bucket: number): void {
    this.#buckets.fill(this.#count);
    this.#area = 0;
    this.#bucket = bucket;
    this.#since = bucket * bucketMs;
  }
}
