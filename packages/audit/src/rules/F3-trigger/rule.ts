/**
 * F3: who holds TRIGGER can put a function of their own on everybody's writes. It runs as whoever writes and sees each new row, so it can copy
 * rows of all tenants, or act with the rights of an administrator who writes.
 */
import { needsSql } from "../judge/sql-access.ts";
import { tableGrantFindings } from "../judge/table-grant-rule.ts";
import type { Facts, Rule } from "../rule.ts";

/** The rule. */
export const trigger: Rule = {
  id: "F3",
  slug: "F3-trigger",
  title: "Application may create triggers",
  needs: "catalog",
  find: (facts) =>
    tableGrantFindings(facts, {
      privilege: "TRIGGER",
      severity: () => needsSql(facts, mayCreateFunctions(facts) ? "high" : "medium"),
      harm: "a trigger of one's own sees every row that any tenant writes, and runs with the writer's rights",
      evidence: [
        "triggers run as whoever writes",
        mayCreateFunctions(facts)
          ? "the application may create functions"
          : "the application may create no function of its own, but may attach existing trigger functions",
      ],
    }),
};

/** pg_temp takes functions too; a trigger on a table may call one as long as the session lasts. */
function mayCreateFunctions({ snapshot, reach }: Facts): boolean {
  return reach.canMakeTemp() || snapshot.schemas.some(({ name }) => reach.canCreateIn(name));
}
