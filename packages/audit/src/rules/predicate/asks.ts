/**
 * What the truth of a predicate may hang on beside the row that it judges: the session, and rows of tables. What hangs on neither is judged once. Must
 * never say that a predicate asks no session which reads a table with policies of its own, for those may ask.
 */
import { sourceOf } from "./depend.ts";
import type { Predicate } from "./reader.ts";
import { selectOf, type Term, visitTerms } from "./term.ts";

const reading = new WeakMap<Predicate, boolean>();

/** Whether it looks into other rows than the one that it judges: rows that somebody may have planted. */
export function readsRows(predicate: Predicate): boolean {
  const known = reading.get(predicate);
  if (known !== undefined) return known;
  let reads = false;
  visitTerms(predicate.term, true, (term) => {
    reads ||= selectOf(term)?.branches.some(({ rows }) => rows.length > 0) === true;
    return !reads;
  });
  reading.set(predicate, reads);
  return reads;
}

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
