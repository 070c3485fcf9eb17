/**
 * What a rule is given and what it answers. A rule is a pure function over facts; it runs the same on a replayed and on a live catalog.
 * Must never read a database or a file.
 */
import type { Snapshot } from "@watertight/schema";
import type { History } from "../history/history.ts";
import type { Place } from "../history/statement.ts";
import type { Understanding } from "../understand/understanding.ts";
import type { Reach } from "../understand/reach.ts";

/** critical and high are error level. */
export type Severity = "critical" | "high" | "medium" | "low" | "info";

/** LEAK is shown with rows; UNVERIFIED was found by a rule and not attacked; see DESIGN.md section 3. */
export type Verdict = "BLOCKED" | "LEAK" | "UNVERIFIED" | "UNRELIABLE" | "EXEMPT" | "N/A";

/** What a finding is about. */
export interface FindingObject {
  readonly kind:
    | "table"
    | "view"
    | "policy"
    | "function"
    | "trigger"
    | "constraint"
    | "index"
    | "sequence"
    | "role"
    | "schema"
    | "database"
    | "publication"
    | "rule"
    | "setting"
    | "column"
    | "extension"
    | "server"
    | "statement";
  readonly schema: string;
  /** Of the object; for a policy, trigger, constraint, rule or column the table's name. */
  readonly name: string;
  /** Of the policy, trigger, constraint, rule or column. */
  readonly part?: string;
}

/** What a rule found. */
export interface RuleFinding {
  readonly object: FindingObject;
  /** The table whose rows are at stake, where it is not the object. */
  readonly table?: { readonly schema: string; readonly name: string };
  /** One sentence: what is so, and what a tenant can do by it. */
  readonly message: string;
  readonly severity: Severity;
  /** Facts that led here, for `explain`. */
  readonly evidence: readonly string[];
  /** The statement to blame; found by the object's key when absent. */
  readonly keys?: readonly string[];
  readonly place?: Place;
  /** SQL or advice that closes it. */
  readonly fix: string;
  /** Whether an attack can decide it (then the matrix tries). */
  readonly attackable: boolean;
}

/** What rules look at. */
export interface Facts {
  readonly snapshot: Snapshot;
  readonly understanding: Understanding;
  readonly reach: Reach;
  /** Absent on a live database. */
  readonly history: History | undefined;
}

/** A rule. `id` is a vector of the catalogue. */
export interface Rule {
  readonly id: string;
  /** Folder name: id and words, for example A1-row-security-off. */
  readonly slug: string;
  readonly title: string;
  /** catalog rules run everywhere; history rules need the statements. */
  readonly needs: "catalog" | "history";
  find(facts: Facts): RuleFinding[];
}
