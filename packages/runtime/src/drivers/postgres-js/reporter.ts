/**
 * Reports ids that found no row, out of band: in a transaction of its own, so that the report survives the request's
 * rollback, one after the other and bounded, so that it can never delay or fail a request. Does nothing on a replica.
 */
import { emitEvent } from "../../context/events.ts";
import { reportText } from "../../scope/required-row.ts";
import type { Locations } from "./locations.ts";

/** One id that found nothing. */
export interface Denial {
  readonly tenant: string;
  readonly relation: string;
  readonly key: Record<string, unknown>;
}

const queueLimit = 1000;

export class Reporter {
  readonly #locations: Locations;
  readonly #enabled: boolean;
  readonly #queue: Denial[] = [];
  #working: Promise<void> | undefined = undefined;
  #replica: boolean = false;

  constructor(locations: Locations, enabled: boolean) {
    this.#locations = locations;
    this.#enabled = enabled;
  }

  /** Takes a denial and returns at once; drops it when too many wait. */
  add(denial: Denial): void {
    emitEvent("probe", { tenant: denial.tenant, relation: denial.relation });
    if (!this.#enabled || this.#replica) return;
    if (this.#queue.length >= queueLimit) {
      emitEvent("warning", { message: "too many reports waiting; one was dropped" });
      return;
    }
    this.#queue.push(denial);
    this.#working ??= this.#work().finally(() => (this.#working = undefined));
  }

  async #work(): Promise<void> {
    for (let denial = this.#queue.shift(); denial !== undefined; denial = this.#queue.shift()) {
      try {
        await this.#report(denial);
      } catch (error) {
        // 25006: read-only transaction, that is a replica, where nothing can be recorded.
        if ((error as { code?: string }).code === "25006") this.#replica = true;
        else emitEvent("warning", { message: "a denied row could not be reported", cause: error });
      }
    }
  }

  async #report({ tenant, relation, key }: Denial): Promise<void> {
    const engine = await this.#locations.engineOf(tenant);
    await engine.alone((lease) => [
      engine.secretStatement(reportText, [engine.proof(lease, tenant), relation, JSON.stringify(key)]),
    ]);
  }

  /** Settles when everything taken so far was sent. */
  async end(): Promise<void> {
    await this.#working;
  }
}
