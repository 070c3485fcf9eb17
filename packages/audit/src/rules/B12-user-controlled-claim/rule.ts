/**
 * B12: a policy believes user_metadata, which Supabase users change with one call of updateUser, or a header of the request. app_metadata
 * and custom claims of the token are the server's and are fine.
 */
import { leakFindings } from "../predicate/leak-findings.ts";
import type { Rule } from "../rule.ts";

/** The rule. */
export const userControlledClaim: Rule = {
  id: "B12",
  slug: "B12-user-controlled-claim",
  title: "The tenant comes from a claim that the user writes",
  needs: "catalog",
  find: (facts) =>
    leakFindings(facts, "B12", (group) => ({
      message: `Policy ${group.policy.name} on ${group.table} believes what the user may write (${group.way}): with another value there a user may ${group.can} another tenant's rows.`,
      fix: "keep the tenant in app_metadata or a claim that only the server sets, or look it up in a membership table",
    })),
};
