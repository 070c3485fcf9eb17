/**
 * B8: WITH CHECK of an INSERT does not compare the tenant, so that a tenant adds rows to another one. INSERT … RETURNING fails on such a
 * row, a bare INSERT does not, and that is why tests miss it.
 */
import { leakFindings, checkFix } from "../predicate/leak-findings.ts";
import type { Rule } from "../rule.ts";

/** The rule. */
export const insertPlantsRows: Rule = {
  id: "B8",
  slug: "B8-insert-plants-rows",
  title: "An INSERT may plant a row in another tenant",
  needs: "catalog",
  find: (facts) =>
    leakFindings(facts, "B8", (group) => ({
      message: `Policy ${group.policy.name} on ${group.table} accepts new rows of any tenant (${group.way}): a bare INSERT plants rows in another tenant.`,
      fix: checkFix(facts, group),
    })),
};
