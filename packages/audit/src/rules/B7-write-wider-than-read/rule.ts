/**
 * B7: the policy for UPDATE or DELETE is wider than the one for SELECT. Statements with WHERE or RETURNING read, and so stay inside; a bare
 * UPDATE or DELETE, or MERGE … ON true, reaches every row.
 */
import { leakFindings, narrowFix } from "../predicate/leak-findings.ts";
import type { Rule } from "../rule.ts";

/** The rule. */
export const writeWiderThanRead: Rule = {
  id: "B7",
  slug: "B7-write-wider-than-read",
  title: "UPDATE or DELETE reach more rows than SELECT",
  needs: "catalog",
  find: (facts) =>
    leakFindings(facts, "B7", (group) => ({
      message: `Policy ${group.policy.name} lets tenants ${group.can} rows of ${group.table} that they cannot read (${group.way}): a bare ${group.policy.command.toUpperCase()} reaches every tenant's rows.`,
      fix: narrowFix(facts, group),
    })),
};
