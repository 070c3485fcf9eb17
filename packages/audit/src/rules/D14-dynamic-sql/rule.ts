/**
 * D14: a definer function that makes SQL out of the caller's text. Whoever may call it, also over an API that knows no SQL, runs statements as the
 * owner. Silent for quote_ident, quote_literal, format with %I and %L, USING, and arguments that can't hold SQL.
 */
import type { Relation, Routine } from "@watertight/schema";
import { objectKey } from "../../history/object-key.ts";
import { injectable } from "../bodies/injection.ts";
import { firedTriggers } from "../exposure/fired.ts";
import { isTriggerFunction, routineObject } from "../exposure/routines.ts";
import { listed, said } from "../exposure/words.ts";
import { tenantRelations } from "../judge/tenant-rows.ts";
import type { Facts, Rule, RuleFinding } from "../rule.ts";

/** The rule. */
export const dynamicSql: Rule = {
  id: "D14",
  slug: "D14-dynamic-sql",
  title: "A definer function builds SQL from the caller's text",
  needs: "catalog",
  find: (facts) => {
    const fired = firedTriggers(facts);
    return facts.snapshot.routines.flatMap((routine): RuleFinding[] => {
      if (!routine.securityDefiner || routine.extension !== null || routine.language !== "plpgsql") return [];
      if (!isTriggerFunction(routine)) return facts.reach.canCall(routine) ? (finding(facts, routine) ?? []) : [];
      const relation = fired.find((each) => each.routine === routine)?.relation;
      return relation === undefined ? [] : (finding(facts, routine, relation) ?? []);
    });
  },
};

function finding(facts: Facts, routine: Routine, relation?: Relation): RuleFinding[] | null {
  const names = injectable(routine, relation);
  if (names.length === 0) return null;
  const owner = facts.reach.role(routine.owner);
  const strong =
    owner?.superuser === true ||
    owner?.bypassRls === true ||
    tenantRelations(facts).some((table) => table.owner === routine.owner);
  return [
    {
      object: routineObject(facts, routine),
      message: `Definer function ${said(routine)} puts ${listed(names)} into a statement that it runs as ${routine.owner}: its caller can run any statement as that role.`,
      severity: strong ? "critical" : "high",
      evidence: [
        `EXECUTE with ${listed(names)} neither quoted nor given by USING`,
        strong
          ? `${routine.owner} owns tables of tenants or bypasses row security`
          : `${routine.owner} owns no table of tenants`,
      ],
      keys: [objectKey.routine(routine.signature)],
      fix: "give values by USING, names by format('%I', …); or do without EXECUTE",
      attackable: true,
    },
  ];
}
