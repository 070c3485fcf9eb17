/**
 * What an attack is: plain statements, somebody who sends them, and a judge of what was seen. Families of attacks make lists of these from
 * facts and seeded rows; nothing here or there talks to a database.
 */
import type { QualifiedName, Relation } from "@watertight/schema";
import type { Persona } from "../personas/context.ts";
import type { MatrixColumn } from "../matrix.ts";
import type { BookRow } from "../seed/book.ts";
import type { Answer } from "../wire/session.ts";

/** A role of the application as it logs in. */
export interface Actor {
  readonly role: string;
  /** Where it differs from the role, every transaction begins with SET LOCAL ROLE. */
  readonly login: string;
  readonly kind: "tenant" | "anonymous";
}

/** One statement of an attack. */
export interface Step {
  readonly sql: string;
  /** For a person who reads the script. */
  readonly note?: string;
  /** What the steps before did is undone first: the step stands alone. */
  readonly alone?: boolean;
}

/** What an attack really did to a table. */
export interface Change {
  readonly relation: Relation;
  /** Rows of B that are gone or were rewritten. */
  readonly touched: readonly BookRow[];
  /** Rows that belong to B now and were not there. */
  readonly planted: readonly ReadonlyMap<string, string | null>[];
  /** All rows as they are now. */
  readonly now: readonly ReadonlyMap<string, string | null>[];
}

/** What was seen of one attack. */
export interface Seen {
  /** One for each step. */
  readonly answers: readonly Answer[];
  readonly changes: readonly Change[];
}

/** What a judge says. */
export interface Ruling {
  readonly result: "blocked" | "leaked" | "noted" | "error";
  readonly evidence: string;
}

/** How a defence is switched off for the proof that the attack bites. */
export interface Control {
  /** "row security off", for a person. */
  readonly off: string;
  /** Sent by a role that has all rights and that no row security binds: nothing has to be changed for it. */
  readonly unbound?: boolean;
  /** What the superuser does first, in the attack's own transaction. */
  readonly sql: readonly string[];
  readonly withoutTriggers?: boolean;
  /** The attack is B's own request: shows that the path carries B's rows. */
  readonly asB?: boolean;
}

/** An attack. */
export interface Attack {
  readonly vector: string;
  readonly column: MatrixColumn;
  readonly table: QualifiedName;
  readonly object: string | null;
  readonly name: string;
  readonly actor: Actor;
  readonly persona: Persona;
  readonly age: "fresh" | "reused";
  /** Statements of the superuser that set the scene, also in earnest. */
  readonly scene?: readonly Step[];
  /** A request of tenant B on the same connection, committed before. */
  readonly before?: readonly Step[];
  readonly steps: readonly Step[];
  /** After the rollback, for what a rollback leaves behind. */
  readonly after?: readonly string[];
  readonly watch: readonly Relation[];
  judge(seen: Seen): Ruling;
  /** Tried in order until one bites. */
  readonly controls: readonly Control[];
  /** Takes locks that stop others: runs alone. */
  readonly heavy?: boolean;
  /** To be tried when this one was refused with one of these codes. */
  readonly follow?: { readonly codes: readonly string[]; readonly attack: Attack };
}
