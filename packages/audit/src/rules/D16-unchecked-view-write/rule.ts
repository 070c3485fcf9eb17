/**
 * D16: writing through a view past row security. A view that filters by the tenant shows only the caller's rows, but without WITH CHECK OPTION takes
 * rows of any tenant; an INSTEAD OF trigger that runs as its owner writes what NEW says, and no policy checks NEW of a view.
 */
import { objectKey } from "../../history/object-key.ts";
import type { SyntaxNode } from "../../history/statement.ts";
import { parseStatements } from "../../understand/sql/parser.ts";
import { foreignWrite } from "../D8-definer-trigger/rule.ts";
import { exposureTo } from "../exposure/exposure.ts";
import { firedTriggers } from "../exposure/fired.ts";
import { type OpenView, openViews } from "../exposure/open-views.ts";
import { listed, said, sqlName } from "../exposure/words.ts";
import type { Facts, Rule, RuleFinding } from "../rule.ts";
import type { Relation } from "@watertight/schema";

/** The rule. */
export const uncheckedViewWrite: Rule = {
  id: "D16",
  slug: "D16-unchecked-view-write",
  title: "A view takes rows that it would not show",
  needs: "catalog",
  find: (facts) => [
    ...openViews(facts).flatMap((open) => unchecked(facts, open) ?? []),
    ...firedTriggers(facts)
      .filter(({ trigger, routine }) => trigger.timing === "instead of" && routine.securityDefiner)
      .flatMap(({ trigger, relation, routine }): RuleFinding[] => {
        const write = foreignWrite(facts, { trigger, relation, routine });
        if (write === null) return [];
        return [
          {
            object: { kind: "trigger", schema: relation.schema, name: relation.name, part: trigger.name },
            table: { schema: write.table.schema, name: write.table.name },
            message: `INSTEAD OF trigger ${trigger.name} on view ${said(relation)} runs ${said(routine)} as ${routine.owner}, which ${write.does}: nothing checks what NEW says.`,
            severity: "high",
            evidence: [
              write.why,
              "policies are not asked about rows of a view",
              `an application role may ${trigger.events.join(" or ")} on the view`,
            ],
            keys: [objectKey.routine(routine.signature), objectKey.trigger(relation, trigger.name)],
            fix: "compare NEW's tenant with the context in the function, or let it run as the invoker",
            attackable: true,
          },
        ];
      }),
  ],
};

function unchecked(facts: Facts, { view, rights, exposed }: OpenView): RuleFinding | null {
  const writes = rights.filter((right) => right === "INSERT" || right === "UPDATE");
  const [table] = exposed.filter(
    ({ check, table: each, role }) => check === "tenant" && exposureTo(facts, role, each, "insert") !== null,
  );
  if (writes.length === 0 || table === undefined || !isSimple(view)) return null;
  if (view.options.some((option) => option.startsWith("check_option="))) return null;
  // with a trigger of its own the view is not rewritten
  if (facts.snapshot.triggers.some(({ relation, timing }) => timing === "instead of" && said(relation) === said(view)))
    return null;
  return {
    object: { kind: "view", schema: view.schema, name: view.name },
    table: { schema: table.table.schema, name: table.table.name },
    message: `View ${said(view)} shows only the caller's rows of ${said(table.table)} but has no WITH CHECK OPTION: by ${listed(writes)} a tenant writes rows of any tenant.`,
    severity: "high",
    evidence: [
      "pg_class.reloptions has no check_option",
      table.exposure.sentence,
      `an application role has ${listed(writes)} on the view`,
    ],
    keys: [objectKey.relation(view)],
    fix: `alter view ${sqlName(view)} set (check_option = cascaded);\n-- or row security on the table and security_invoker on the view`,
    attackable: true,
  };
}

/** Whether PostgreSQL writes through the view by itself: one relation, no grouping, no set operation, no limit. */
function isSimple({ definition }: Relation): boolean {
  const [tree] = definition === null ? [] : (parseStatements(definition) ?? []);
  const select = tree?.SelectStmt as SyntaxNode | undefined;
  if (select === undefined) return false;
  const [from, ...others] = (select.fromClause ?? []) as SyntaxNode[];
  const complex = [
    "distinctClause",
    "groupClause",
    "havingClause",
    "limitCount",
    "limitOffset",
    "withClause",
    "larg",
    "valuesLists",
  ];
  return from?.RangeVar !== undefined && others.length === 0 && complex.every((field) => select[field] === undefined);
}
