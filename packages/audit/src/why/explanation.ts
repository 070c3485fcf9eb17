/**
 * The answer of `watertight why`: for one row and one tenant, every policy with every term and its value, and what decides. Plain data; printed as a tree
 * or as JSON.
 */
import type { QualifiedName } from "@watertight/schema";

/** A term with its value for the row. */
export interface TermValue {
  readonly kind: "and" | "or" | "not" | "term";
  /** As PostgreSQL prints it. */
  readonly text: string;
  /** Null is SQL's null, which lets nothing through; also where `error` is set. */
  readonly value: boolean | null;
  /** What PostgreSQL said when it could not be evaluated. */
  readonly error: string | null;
  /** Both sides of a comparison with their values as text. */
  readonly sides: readonly { readonly text: string; readonly value: string | null }[];
  /** Columns of the row that the term looks at. */
  readonly columns: Readonly<Record<string, unknown>>;
  readonly parts: readonly TermValue[];
  /** Another value here would change the policy's answer. */
  readonly decides: boolean;
}

/** A policy at one side of a command. */
export interface PolicyValue {
  readonly policy: string;
  readonly permissive: boolean;
  readonly side: "using" | "check";
  /** USING stands in for WITH CHECK. */
  readonly reused: boolean;
  readonly value: boolean | null;
  readonly decides: boolean;
  readonly term: TermValue;
}

/** All policies at one side of a command: permissive ones are joined by OR, restrictive ones by AND. */
export interface SideValue {
  /** using: the row as it is. check: the row as it would be written, here the same. */
  readonly side: "using" | "check";
  readonly allows: boolean;
  readonly because: string;
  readonly policies: readonly PolicyValue[];
}

/** One command on the row. */
export interface CommandAnswer {
  readonly command: "select" | "insert" | "update" | "delete";
  readonly allowed: boolean;
  readonly because: string;
  /** Whether the role has the privilege, on the table or on a column. */
  readonly granted: boolean;
  readonly sides: readonly SideValue[];
}

/** The whole answer. */
export interface Explanation {
  readonly table: QualifiedName;
  /** The columns that tell the row apart, and those that say whose it is. */
  readonly row: Readonly<Record<string, unknown>>;
  readonly tenant: string;
  /** The person of the tenant, where policies ask for one. */
  readonly user: string | null;
  readonly role: string;
  /** What the request says about itself, a line each. */
  readonly context: readonly string[];
  readonly rowSecurity: "off" | "on" | "forced";
  /** Why no policy binds the role; null where they do. */
  readonly unbound: string | null;
  readonly commands: readonly CommandAnswer[];
}
