/**
 * F1: TRUNCATE knows no row security. GRANT ALL includes it. Behind PostgREST nobody can say TRUNCATE, which lowers the severity and removes nothing.
 */
import { needsSql } from "../judge/sql-access.ts";
import { tableGrantFindings } from "../judge/table-grant-rule.ts";
import type { Rule } from "../rule.ts";

/** The rule. */
export const truncate: Rule = {
  id: "F1",
  slug: "F1-truncate",
  title: "Application may TRUNCATE",
  needs: "catalog",
  find: (facts) =>
    tableGrantFindings(facts, {
      privilege: "TRUNCATE",
      severity: () => needsSql(facts, "high"),
      harm: "one statement empties it for all tenants, row security is not asked",
      evidence: ["there are no policies for TRUNCATE", "GRANT ALL includes it"],
    }),
};
