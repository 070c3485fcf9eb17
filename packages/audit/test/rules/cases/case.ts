/** A schema and what certain rules say of it: the ways of a rule that its two fixtures do not show. */

/** One case. */
export interface RuleCase {
  readonly name: string;
  /** SQL after the base. */
  readonly sql: string;
  /** Vectors that are looked at. */
  readonly of: readonly string[];
  /** "D4-name high", as they come; on a version where it is otherwise, what is so there. */
  readonly found: readonly string[];
  readonly on15?: readonly string[];
}
