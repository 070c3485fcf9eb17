/**
 * The physical connections of one server as they are counted: from the moment they are opened until their close is confirmed.
 * Only books; decides nothing, opens nothing.
 */

/** One physical connection. */
export interface Slot {
  /** Which connections can stand for each other: database and role. */
  readonly key: string;
  state: "opening" | "idle" | "busy" | "closing";
  /** When it was begun to be opened. */
  readonly openedAt: number;
  /** Since when it is idle. */
  idleSince: number;
  /** The tenant that used it last: it needs no reset for that one. */
  lastTenant: string | undefined;
}

interface Count {
  opening: number;
  live: number;
  readonly idle: Slot[];
}

export class Slots {
  /** All that count against the budget. */
  readonly all: Set<Slot> = new Set();
  /** Idle ones, the one not used for longest first. */
  readonly idle: Set<Slot> = new Set();
  closing: number = 0;
  readonly #byKey: Map<string, Count> = new Map();

  open(key: string, now: number): Slot {
    const slot: Slot = { key, state: "opening", openedAt: now, idleSince: 0, lastTenant: undefined };
    this.all.add(slot);
    this.#count(key).opening++;
    return slot;
  }

  /** Opened, or given back. */
  toIdle(slot: Slot, now: number): void {
    const count = this.#count(slot.key);
    if (slot.state === "opening") {
      count.opening--;
      count.live++;
    }
    slot.state = "idle";
    slot.idleSince = now;
    this.idle.add(slot);
    count.idle.push(slot);
  }

  /** Takes an idle one of `key`: the one this tenant used last, or else the warmest. */
  take(key: string, tenant: string): Slot | undefined {
    const idle = this.#byKey.get(key)?.idle;
    if (idle === undefined || idle.length === 0) return undefined;
    const own = idle.findLastIndex(({ lastTenant }) => lastTenant === tenant);
    const [slot] = idle.splice(own < 0 ? idle.length - 1 : own, 1) as [Slot];
    this.idle.delete(slot);
    slot.state = "busy";
    slot.lastTenant = tenant;
    return slot;
  }

  toClosing(slot: Slot): void {
    const count = this.#count(slot.key);
    if (slot.state === "closing") return;
    if (slot.state === "opening") count.opening--;
    else count.live--;
    if (slot.state === "idle") {
      this.idle.delete(slot);
      count.idle.splice(count.idle.indexOf(slot), 1);
    }
    slot.state = "closing";
    this.closing++;
    this.#forget(slot.key, count);
  }

  /** The close is confirmed. */
  gone(slot: Slot): void {
    if (!this.all.has(slot)) return;
    this.toClosing(slot);
    this.closing--;
    this.all.delete(slot);
  }

  opening(key: string): number {
    return this.#byKey.get(key)?.opening ?? 0;
  }

  /** Idle or busy. */
  live(key: string): number {
    return this.#byKey.get(key)?.live ?? 0;
  }

  hasIdle(key: string): boolean {
    return (this.#byKey.get(key)?.idle.length ?? 0) > 0;
  }

  #count(key: string): Count {
    let count = this.#byKey.get(key);
    if (count === undefined) this.#byKey.set(key, (count = { opening: 0, live: 0, idle: [] }));
    return count;
  }

  #forget(key: string, { opening, live }: Count): void {
    if (opening + live === 0) this.#byKey.delete(key);
  }
}
