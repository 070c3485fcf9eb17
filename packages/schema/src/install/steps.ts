/**
 * The written record of a run: every step says whether it was done, was there already, or was skipped and why.
 * Nothing may be left out silently.
 */
import type { KitTransaction } from "../db/transaction.ts";

/** One line of the record. */
export interface Step {
  readonly name: string;
  readonly state: "done" | "already" | "skipped";
  /** Why it was skipped, or what is remarkable about what was found. */
  readonly reason?: string;
  /** What ran, for people and for `--dry-run`. */
  readonly sql?: string[];
}

/** Collects steps; the SQL of a step is what the transaction recorded while it ran. */
export class Steps {
  readonly list: Step[] = [];
  readonly #tx: KitTransaction;

  constructor(tx: KitTransaction) {
    this.#tx = tx;
  }

  async done(name: string, fn: () => Promise<unknown>): Promise<void> {
    const from = this.#tx.statements.length;
    await fn();
    this.list.push({ name, state: "done", sql: this.#tx.statements.slice(from) });
  }

  already(name: string, reason?: string): void {
    this.list.push(reason === undefined ? { name, state: "already" } : { name, state: "already", reason });
  }

  skipped(name: string, reason: string): void {
    this.list.push({ name, state: "skipped", reason });
  }
}
