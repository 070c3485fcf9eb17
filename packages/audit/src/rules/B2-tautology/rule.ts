/**
 * B2: a policy that is true for foreign rows by its own logic: a constant, a column that is never null, x = x, an OR with a branch that does
 * not look at the tenant. Found by judging the condition for a row of another tenant, not by looking for words.
 */
import { leakFindings, narrowFix } from "../predicate/leak-findings.ts";
import type { Rule } from "../rule.ts";

/** The rule. */
export const tautology: Rule = {
  id: "B2",
  slug: "B2-tautology",
  title: "The condition is true whatever the tenant is",
  needs: "catalog",
  find: (facts) =>
    leakFindings(facts, "B2", (group) => ({
      message: `Policy ${group.policy.name} on ${group.table} is true for rows of every tenant (${group.way}): tenants ${group.can} each other's rows.`,
      fix: narrowFix(facts, group),
    })),
};
