/**
 * B21: rows that the policy shows to every tenant on purpose, as it seems: is_public, published, rows without a tenant. Never of error
 * level; the owner declares them as publicRows, and then the rest of the policy is held to it.
 */
import { leakFindings } from "../predicate/leak-findings.ts";
import type { Rule } from "../rule.ts";

/** The rule. */
export const undeclaredPublicRows: Rule = {
  id: "B21",
  slug: "B21-undeclared-public-rows",
  title: "Rows are public and nobody declared it",
  needs: "catalog",
  find: (facts) =>
    leakFindings(facts, "B21", (group) => ({
      message: group.always
        ? `Policy ${group.policy.name} on ${group.table} asks nothing: every tenant may ${group.can} all its rows; if they are public by design, declare it.`
        : `Policy ${group.policy.name} on ${group.table} lets every tenant ${group.can} rows where ${group.way}; if they are public by design, declare it.`,
      fix: group.always
        ? `declare it in watertight.config.ts: tables: { "${group.table}": { publicRows: "true" } }; or compare the row with the caller in the policy`
        : `declare it in watertight.config.ts: tables: { "${group.table}": { publicRows: "…" } }; or take the branch out of the policy`,
    })),
};
