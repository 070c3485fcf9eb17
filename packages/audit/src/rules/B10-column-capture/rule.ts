/**
 * B10: an unqualified column in a sub-select means the sub-select's own table where that has one of this name. m.tenant_id = tenant_id then
 * compares a column with itself, and every member of anything sees everything. pg_get_expr prints what was bound, so the catalog shows it.
 */
import { quoteQualified } from "@watertight/schema";
import { courtOf } from "../predicate/court.ts";
import { leakFindings } from "../predicate/leak-findings.ts";
import type { Rule } from "../rule.ts";

/** The rule. */
export const columnCapture: Rule = {
  id: "B10",
  slug: "B10-column-capture",
  title: "A name in a sub-select binds inward",
  needs: "catalog",
  find: (facts) =>
    leakFindings(facts, "B10", (group) => ({
      message: `A column in a sub-select of policy ${group.policy.name} on ${group.table} binds to the sub-select's own table (${group.way}): whoever has any row there may ${group.can} every tenant's rows.`,
      fix: `write the outer column with its table: ${quoteQualified(group.relation.name, courtOf(facts).catalog.tenantColumns(group.relation)[0] ?? "tenant_id")}`,
    })),
};
