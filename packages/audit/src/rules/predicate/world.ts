/**
 * The situation in which a predicate is judged: whose rows its row variables are, and what the session holds. A predicate that still holds
 * when the judged row is foreign leaks. Must never contain real values: "mine" and "not mine" are all there is.
 */
import type { Formula } from "./formula.ts";
import { no, yes } from "./formula.ts";
import type { RowVariable, Term } from "./term.ts";
import type { RawSource } from "../../understand/meaning/source.ts";

/**
 * Whose a row is: of the asking tenant and user, of others, or made up by the attacker, who puts foreign values in some columns and whatever
 * helps in the rest.
 */
export type Placement =
  | { readonly kind: "own" | "foreign" }
  | { readonly kind: "written"; readonly foreign: ReadonlySet<string> };

export const own: Placement = { kind: "own" };
export const foreign: Placement = { kind: "foreign" };

/** A row that the attacker writes. */
export function written(foreignColumns: readonly string[]): Placement {
  return { kind: "written", foreign: new Set(foreignColumns) };
}

/** Whether the value in this cell is another's. */
export function isForeign({ placement, column }: PlacedCell): boolean {
  return placement.kind === "written" ? placement.foreign.has(column) : placement.kind === "foreign";
}

/** What the session holds: a context, none on a fresh connection (null), none on a used one (the empty text). */
export type SessionState = "open" | "unset" | "empty";

/** Who asks, and in what state. */
export interface Scenario {
  readonly session: SessionState;
  /** The application's role. */
  readonly role: string;
}

/** Where a term is judged. */
export interface Situation {
  readonly scenario: Scenario;
  readonly placements: ReadonlyMap<RowVariable, Placement>;
  /** The row that the policy judges. */
  readonly judged: RowVariable;
  /** Made-up rows that tables may hold, by JSON of schema and name. */
  readonly planted: ReadonlyMap<string, readonly Placement[]>;
  /** Relations whose policies are being judged, outermost first. */
  readonly stack: readonly string[];
}

/** When a boolean can be true and when it can be false; null is neither. */
export interface Truth {
  readonly t: Formula;
  readonly f: Formula;
}

export const isTrue: Truth = { t: yes, f: no };
export const isFalse: Truth = { t: no, f: yes };
export const isNull: Truth = { t: no, f: no };
/** It can be either, and nothing worth a word decides it. */
export const either: Truth = { t: yes, f: yes };

/** A value as far as it matters who owns it. */
export type Value =
  | { readonly kind: "null" }
  /** `fromSession`: the empty text of a setting that was set before. */
  | { readonly kind: "constant"; readonly value: string | boolean; readonly fromSession: boolean }
  | { readonly kind: "session"; readonly source: RawSource; readonly text: string }
  | (PlacedCell & { readonly kind: "cell"; readonly exact: boolean; readonly text: string })
  | { readonly kind: "truth"; readonly truth: Truth }
  /** Made from several things. */
  | {
      readonly kind: "mixed";
      readonly text: string;
      readonly cells: readonly PlacedCell[];
      readonly sources: readonly RawSource[];
      readonly known: boolean;
      readonly lossy: boolean;
      /** One text that holds several values. */
      readonly list: boolean;
    };

/** A column of a row, whose place is the one it was read in. */
export interface PlacedCell {
  readonly row: RowVariable;
  readonly column: string;
  readonly placement: Placement;
}

/** A value and when it is the one. */
export interface Alternative {
  readonly when: Formula;
  readonly value: Value;
}

/** What a term is made from. */
export interface Dependence {
  readonly cells: readonly { readonly row: RowVariable; readonly column: string }[];
  readonly sources: readonly RawSource[];
  /** False where a part could not be read. */
  readonly known: boolean;
  /** Different inputs may give equal results. */
  readonly lossy: boolean;
}

/** Judges terms; its parts call each other through it. */
export interface Judge {
  truth(term: Term, at: Situation): Truth;
  values(term: Term, at: Situation): readonly Alternative[];
}
