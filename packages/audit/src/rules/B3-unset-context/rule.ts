/**
 * B3: a policy that lets rows through when nobody has opened a context: IS NULL OR, coalesce(context, column), IS NOT DISTINCT FROM. An
 * unset setting is null on a fresh connection and the empty text on a used one; both are tried, because each form leaks in its own state.
 */
import { leakFindings, narrowFix } from "../predicate/leak-findings.ts";
import type { Rule } from "../rule.ts";

/** The rule. */
export const unsetContext: Rule = {
  id: "B3",
  slug: "B3-unset-context",
  title: "Without a context every row passes",
  needs: "catalog",
  find: (facts) =>
    leakFindings(facts, "B3", (group) => {
      const fresh = group.leaks.some(({ session }) => session === "unset");
      const used = group.leaks.some(({ session }) => session === "empty");
      const when =
        fresh && used ? "any connection" : fresh ? "a fresh connection" : "a connection that had a context before";
      return {
        message: `Policy ${group.policy.name} on ${group.table} opens up when no context is set (${group.way}): a query that forgot it may ${group.can} rows of every tenant, on ${when}.`,
        fix: narrowFix(facts, group),
      };
    }),
};
