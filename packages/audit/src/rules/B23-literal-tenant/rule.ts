/**
 * B23: the tenant column is compared with a literal, so that everybody is that tenant. Shared rows under a nil id or a name like system are
 * reported low: declare them.
 */
import { leakFindings, narrowFix } from "../predicate/leak-findings.ts";
import type { Rule } from "../rule.ts";

/** The rule. */
export const literalTenant: Rule = {
  id: "B23",
  slug: "B23-literal-tenant",
  title: "A tenant stands in the policy as a literal",
  needs: "catalog",
  find: (facts) =>
    leakFindings(facts, "B23", (group) => ({
      message: `Policy ${group.policy.name} on ${group.table} names a tenant (${group.way}): everyone may ${group.can} that tenant's rows.`,
      fix: `${narrowFix(facts, group)};\n-- rows for everybody are declared as publicRows`,
    })),
};
