/**
 * F2: who holds REFERENCES can point a foreign key of a table of their own at everybody's rows and read from success and 23503 which keys exist.
 * Takes a schema to create that table in.
 */
import { needsSql } from "../judge/sql-access.ts";
import { tableGrantFindings } from "../judge/table-grant-rule.ts";
import type { Facts, Rule } from "../rule.ts";

/** The rule. */
export const references: Rule = {
  id: "F2",
  slug: "F2-references",
  title: "Application may REFERENCE",
  needs: "catalog",
  find: (facts) =>
    tableGrantFindings(facts, {
      privilege: "REFERENCES",
      severity: () => (hasWorkshop(facts) ? needsSql(facts, "medium") : "low"),
      harm: "a foreign key from a table of one's own tells which keys exist, whoever owns the row",
      evidence: [
        "foreign keys are checked without row security",
        hasWorkshop(facts) ? "the application may create tables" : "the application has no schema to create a table in",
      ],
    }),
};

/** A foreign key of a temporary table reaches temporary tables only, so it takes a schema. */
function hasWorkshop({ snapshot, reach }: Facts): boolean {
  return snapshot.schemas.some(({ name }) => reach.canCreateIn(name));
}
