/**
 * B4: a setting of the session that lets every row through. Whoever can run SQL can set it: custom settings have no owner, and the right to
 * set them cannot be revoked.
 */
import { leakFindings, narrowFix } from "../predicate/leak-findings.ts";
import type { Rule } from "../rule.ts";

/** The rule. */
export const bypassSetting: Rule = {
  id: "B4",
  slug: "B4-bypass-setting",
  title: "A setting switches the policy off",
  needs: "catalog",
  find: (facts) =>
    leakFindings(facts, "B4", (group) => ({
      message: `Policy ${group.policy.name} on ${group.table} lets every row through when a setting says so (${group.way}), and anyone who can run SQL sets it.`,
      fix: `${narrowFix(facts, group)};\n-- cross-tenant work goes through a role of its own`,
    })),
};
