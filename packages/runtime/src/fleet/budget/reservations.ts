/**
 * Which connections tenants have reserved: connections of their location that are not closed for others. First come, first reserved, and at
 * least one connection of the budget stays free for everybody, or a reservation would starve the rest. Pure.
 */

export class Reservations {
  readonly #wanted: Map<string, { readonly key: string; readonly count: number }> = new Map();
  #byKey: Map<string, number> = new Map();
  #budget: number;
  /** How many of the wanted connections did not fit. */
  refused: number = 0;

  constructor(budget: number) {
    this.#budget = budget;
  }

  /** What a tenant has reserved, and where it is served now. */
  set(tenant: string, key: string, count: number): void {
    const known = this.#wanted.get(tenant);
    if (known === undefined ? count <= 0 : known.key === key && known.count === count) return;
    if (count <= 0) this.#wanted.delete(tenant);
    else this.#wanted.set(tenant, { key, count });
    this.#divide();
  }

  resize(budget: number): void {
    this.#budget = budget;
    this.#divide();
  }

  /** Connections of a key that are to stay. */
  of(key: string): number {
    return this.#byKey.get(key) ?? 0;
  }

  #divide(): void {
    let left = this.#budget - 1;
    this.#byKey = new Map();
    this.refused = 0;
    for (const { key, count } of this.#wanted.values()) {
      const got = Math.max(0, Math.min(count, left));
      left -= got;
      this.refused += count - got;
      if (got > 0) this.#byKey.set(key, this.of(key) + got);
    }
  }
}
