/**
 * One line of `kit status`, and what every check is given.
 */
import type { KitTransaction } from "../db/transaction.ts";
import type { InstalledKit } from "../install/installed.ts";

/** A fact about this database that isolation rests on. */
export interface Check {
  /** Stable; `table:<schema.table>` for a table's own line. */
  readonly id: string;
  /** Leak vector, where one is open or closed by this. */
  readonly vectorId?: string;
  readonly state: "ok" | "warn" | "fail";
  readonly title: string;
  readonly detail: string;
  /** SQL or command that helps; empty when all is well. */
  readonly fix: string;
  /** Only a superuser can do it; on a managed server this stays as it is. */
  readonly needsSuperuser: boolean;
}

/** What a check reads from. */
export interface StatusContext {
  readonly tx: KitTransaction;
  readonly kit: InstalledKit;
  /** Whether the kit's own tables can be read in full; the control role sees no keys. */
  readonly full: boolean;
}

const rest = { detail: "", fix: "", needsSuperuser: false };

/** All is well. */
export function ok(id: string, title: string, more: Partial<Check> = {}): Check {
  return { ...rest, id, title, ...more, state: "ok" };
}

/** Weaker than it could be. */
export function warn(id: string, title: string, more: Partial<Check>): Check {
  return { ...rest, id, title, ...more, state: "warn" };
}

/** Isolation does not hold. */
export function fail(id: string, title: string, more: Partial<Check>): Check {
  return { ...rest, id, title, ...more, state: "fail" };
}
