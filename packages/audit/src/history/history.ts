/**
 * The statements of a replay and the question that everyone asks of them: which one made this object what it is. On a live database there
 * is no history, and every answer is undefined.
 */
import type { Statement } from "./statement.ts";

/** The replayed statements. */
export interface History {
  readonly statements: readonly Statement[];
  /** The last statement that touched any of the keys, the first key that has one wins: ask from the exact to the general. */
  origin(...keys: string[]): Statement | undefined;
  /** All statements that touched a key, oldest first. */
  all(key: string): readonly Statement[];
}
