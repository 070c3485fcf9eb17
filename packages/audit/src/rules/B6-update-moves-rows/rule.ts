/**
 * B6: WITH CHECK of an UPDATE does not compare the tenant, so that a tenant hands its rows to another one. A policy without WITH CHECK is no
 * finding: PostgreSQL then checks with USING. A naive test misses the hole, because UPDATE with WHERE also passes the SELECT policy.
 */
import { leakFindings, checkFix } from "../predicate/leak-findings.ts";
import type { Rule } from "../rule.ts";

/** The rule. */
export const updateMovesRows: Rule = {
  id: "B6",
  slug: "B6-update-moves-rows",
  title: "An UPDATE may give a row to another tenant",
  needs: "catalog",
  find: (facts) =>
    leakFindings(facts, "B6", (group) => ({
      message: `Policy ${group.policy.name} on ${group.table} checks changed rows with ${group.way === "nothing else is asked" ? "nothing" : group.way}: a bare UPDATE moves rows into another tenant.`,
      fix: checkFix(facts, group),
    })),
};
