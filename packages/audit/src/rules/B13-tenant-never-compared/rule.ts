/**
 * B13: the policy wants a signed-in user, a role or a membership of anything, and never compares the row with the context. Branches for
 * staff of the platform (a claim or a flag that says admin) are reported low: they are often wanted, and should be declared.
 */
import { leakFindings, narrowFix } from "../predicate/leak-findings.ts";
import { openFiles } from "../predicate/storage-files.ts";
import type { Rule } from "../rule.ts";

/** The rule. */
export const tenantNeverCompared: Rule = {
  id: "B13",
  slug: "B13-tenant-never-compared",
  title: "The policy asks who is there, not whose the row is",
  needs: "catalog",
  find: (facts) => [
    ...leakFindings(facts, "B13", (group) => ({
      message: `Policy ${group.policy.name} on ${group.table} never compares the row with who is asking (${group.way}): ${group.leaks[0]?.severity === "low" ? "who satisfies it" : "every tenant"} may ${group.can} every tenant's rows.`,
      fix: narrowFix(facts, group),
    })),
    ...openFiles(facts),
  ],
};
