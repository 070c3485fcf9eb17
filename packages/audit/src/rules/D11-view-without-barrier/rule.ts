/**
 * D11: a view whose own condition is all that keeps tenants apart, without security_barrier. The planner may ask a cheap function of the caller before
 * the view's condition, and an error or notice of that function shows the row. On tables with row security in force this is a myth.
 */
import { objectKey } from "../../history/object-key.ts";
import { openViews } from "../exposure/open-views.ts";
import { isBarrierView } from "../exposure/views.ts";
import { listed, said, sqlName } from "../exposure/words.ts";
import { needsSql } from "../judge/sql-access.ts";
import type { Rule } from "../rule.ts";

/** The rule. */
export const viewWithoutBarrier: Rule = {
  id: "D11",
  slug: "D11-view-without-barrier",
  title: "Isolation by a view without security_barrier",
  needs: "catalog",
  find: (facts) =>
    openViews(facts).flatMap(({ view, rights, exposed }) => {
      const tables = exposed.filter(({ check }) => check === "tenant");
      const [first] = tables;
      if (first === undefined || isBarrierView(view) || rights.every((right) => right === "INSERT")) return [];
      return [
        {
          object: { kind: "view", schema: view.schema, name: view.name } as const,
          table: { schema: first.table.schema, name: first.table.name },
          message: `View ${said(view)} filters ${listed(tables.map(({ table }) => said(table)))} by the tenant itself, but without security_barrier: a function in the caller's WHERE may see the rows before they are filtered.`,
          severity: needsSql(facts, "high"),
          evidence: [
            "pg_class.reloptions has neither security_barrier nor security_invoker",
            ...new Set(tables.map(({ exposure }) => exposure.sentence)),
            `an application role has ${listed(rights)} on the view`,
          ],
          keys: [objectKey.relation(view)],
          fix: `alter view ${sqlName(view)} set (security_barrier = true);\n-- better: row security on the tables and security_invoker on the view`,
          attackable: true,
        },
      ];
    }),
};
