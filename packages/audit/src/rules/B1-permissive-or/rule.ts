/**
 * B1: a table has a permissive policy that compares the tenant and another that does not. Permissive policies are alternatives, so the
 * second undoes the first. Silent where a restrictive policy compares the tenant for the same role and command.
 */
import { quoteName } from "@watertight/schema";
import { sqlName } from "../exposure/words.ts";
import { floorFix } from "../predicate/floor.ts";
import { leakFindings } from "../predicate/leak-findings.ts";
import type { Rule } from "../rule.ts";

/** The rule. */
export const permissiveOr: Rule = {
  id: "B1",
  slug: "B1-permissive-or",
  title: "Permissive policies are joined by OR",
  needs: "catalog",
  find: (facts) =>
    leakFindings(facts, "B1", (group) => ({
      message: `Policy ${group.policy.name} on ${group.table} does not look at the tenant, and permissive policies are joined by OR: it undoes the policies that do, and tenants ${group.can} each other's rows.`,
      fix: `${floorFix(facts, group.relation)}\n-- or drop what undoes them: drop policy ${quoteName(group.policy.name)} on ${sqlName(group.relation)}`,
    })),
};
