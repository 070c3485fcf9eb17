/**
 * What a policy's own sub-selects read with the rights of whoever asks. PostgreSQL checks these rights before it looks at a row, for every policy of
 * the statement together: one table that the caller may not read makes all of them fail (42501). Must never count what a function's body reads: that
 * is checked when it is called, and a definer's by its owner.
 */
import type { Policy, Relation } from "@watertight/schema";
import type { Facts } from "../rule.ts";
import { type Court, courtOf, relationKey } from "./court.ts";
import type { Door } from "./effective.ts";
import { holds } from "./leaks.ts";
import { type Select, selectOf, visitTerms } from "./term.ts";

const tables = new WeakMap<Court, Map<Policy, readonly Relation[]>>();

/** Tables that a policy reads under the caller's rights. */
export function readAsCaller(facts: Facts, policy: Policy): readonly Relation[] {
  const court = courtOf(facts);
  const answers = tables.get(court) ?? new Map<Policy, readonly Relation[]>();
  tables.set(court, answers);
  const before = answers.get(policy);
  if (before !== undefined) return before;
  const read = readBy(court, policy);
  answers.set(policy, read);
  return read;
}

function readBy(court: Court, policy: Policy): Relation[] {
  const found = new Map<string, Relation>();
  const add = (select: Select): void => {
    for (const { relation, called } of select.branches.flatMap(({ rows }) => rows))
      if (relation !== null && !called) found.set(relationKey(relation), relation);
  };
  for (const { term } of court.policies.expressions(policy))
    visitTerms(term, false, (each) => {
      const select = selectOf(each);
      if (select !== null) add(select);
    });
  return [...found.values()];
}

/** A policy by which every such statement of a role fails, with the table that it may not read; null where none does. */
export function failingAt(
  facts: Facts,
  role: string,
  relation: Relation,
  { command }: Door,
): { readonly policy: Policy; readonly table: Relation } | null {
  const court = courtOf(facts);
  const rights = court.rights(role);
  for (const policy of court.catalog.policies(relation)) {
    if (policy.command !== "all" && policy.command !== command) continue;
    if (!policy.roles.includes("public") && !policy.roles.some((each) => rights.has(each))) continue;
    for (const table of readAsCaller(facts, policy)) if (!holds(court, role, table, "SELECT")) return { policy, table };
  }
  return null;
}
