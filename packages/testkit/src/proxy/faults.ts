// Faults on the wire: what to do at the n-th message of a type. Pure decision; the connection carries it out.

/** A fault to inject once. */
export interface Fault {
  side: "frontend" | "backend";
  /** Message type (see Traffic); `*` for any. */
  type: string;
  /** 1 for the first such message from now on, over all connections; default 1. */
  nth?: number;
  /** drop: close both sides properly; reset: TCP RST to both; stall: keep both sides open and pass nothing on any more (half-open). */
  action: "drop" | "reset" | "stall";
  /** How much of that message still passes; default `none`. */
  passes?: "none" | "half" | "all";
}

/** A fault waiting for its message. */
export interface ArmedFault {
  /** Resolves when the fault has struck. */
  struck: Promise<void>;
  /** Takes the fault back. */
  disarm(): void;
}

interface Waiting {
  fault: Fault;
  left: number;
  strike: () => void;
}

/** The faults of one proxy. */
export class Faults {
  readonly #waiting = new Set<Waiting>();

  /** Arms a fault. */
  arm(fault: Fault): ArmedFault {
    let strike = (): void => {};
    const struck = new Promise<void>((resolve) => {
      strike = resolve;
    });
    const waiting: Waiting = { fault, left: fault.nth ?? 1, strike };
    this.#waiting.add(waiting);
    return { struck, disarm: () => void this.#waiting.delete(waiting) };
  }

  /** The fault that strikes at this message, if any; it is used up. */
  at(side: Fault["side"], type: string): Fault | undefined {
    let hit: Waiting | undefined;
    for (const waiting of this.#waiting) {
      const { fault } = waiting;
      if (fault.side !== side || (fault.type !== "*" && fault.type !== type)) continue;
      waiting.left--;
      if (waiting.left === 0) hit ??= waiting;
    }
    if (!hit) return undefined;
    this.#waiting.delete(hit);
    hit.strike();
    return hit.fault;
  }
}
