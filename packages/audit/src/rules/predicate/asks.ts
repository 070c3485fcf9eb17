/**
 * Whether a predicate asks the session anything: what does not is judged once for all states of a session. Must never say no of a predicate that reads
 * a table with policies of its own, for those may ask.
 */
import { sourceOf } from "./depend.ts";
import type { Predicate } from "./reader.ts";
import { selectOf, type Term, visitTerms } from "./term.ts";

const asking = new WeakMap<Predicate, boolean>();

/** Whether its truth may differ with what the session holds. */
export function mayAskSession(predicate: Predicate): boolean {
  const known = asking.get(predicate);
  if (known !== undefined) return known;
  let asks = false;
  const guarded = (term: Term): boolean =>
    (selectOf(term)?.branches ?? []).some(({ rows }) => rows.some(({ relation }) => relation?.rowSecurity === true)) ||
    (term.kind === "column" && term.row !== predicate.row && term.row.relation?.rowSecurity === true);
  visitTerms(predicate.term, true, (term) => {
    asks ||= sourceOf(term) !== null || guarded(term);
    return !asks;
  });
  asking.set(predicate, asks);
  return asks;
}
