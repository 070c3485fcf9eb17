/**
 * G5: pg_stat_statements keeps the texts of statements, and shows a role those of its own. With one application role for all tenants those are
 * everybody's. Constants are replaced in queries; before 18 not in SET, so SET app.tenant = '…' lists the tenants.
 */
import { quoteQualified } from "@watertight/schema";
import { objectKey } from "../../history/object-key.ts";
import { dotted } from "../../understand/schema/graph.ts";
import { grantees } from "../judge/grants.ts";
import { needsSql } from "../judge/sql-access.ts";
import type { Rule } from "../rule.ts";

/** The rule. */
export const statementStatistics: Rule = {
  id: "G5",
  slug: "G5-statement-statistics",
  title: "Statement statistics of all tenants are readable",
  needs: "catalog",
  find: (facts) =>
    facts.snapshot.relations
      .filter(({ name, extension }) => name === "pg_stat_statements" && extension === "pg_stat_statements")
      .flatMap((view) => {
        const roles = grantees(facts, "SELECT", view);
        if (roles.length === 0) return [];
        const keepsTenant = facts.snapshot.version < 180000;
        return {
          object: { kind: "extension", schema: view.schema, name: "pg_stat_statements" } as const,
          message: `${roles.join(", ")} may read pg_stat_statements: a role sees the texts and counts of all its own statements, which are every tenant's${keepsTenant ? ", SET app.tenant = '…' with its value among them" : ""}.`,
          severity: needsSql(facts, keepsTenant ? "low" : "info", "info"),
          evidence: [
            `SELECT on ${dotted(view)} for ${roles.join(", ")}`,
            keepsTenant ? "before 18, SET keeps its value" : "since 18, SET is normalised as well",
          ],
          keys: [objectKey.other("extension", "pg_stat_statements"), objectKey.relation(view)],
          fix: `revoke select on ${quoteQualified(view.schema, view.name)} from public;\n-- and send tenants as bind parameters: select set_config('app.tenant_id', $1, true)`,
          attackable: false,
        };
      }),
};
