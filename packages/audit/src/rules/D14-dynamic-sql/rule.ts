/**
 * D14: a definer function that makes SQL out of the caller's text, or that lets the caller choose the table of a statement. Whoever may call it,
 * also over an API that knows no SQL, works as the owner. Silent for literals that are quoted, USING, arguments that can't hold SQL, and for
 * chosen tables where row security binds the owner.
 */
import type { Relation, Routine } from "@watertight/schema";
import { objectKey } from "../../history/object-key.ts";
import { choicesOf } from "../bodies/chosen-relation.ts";
import { injectable } from "../bodies/injection.ts";
import { type ChosenTable, chosenTable } from "../exposure/chosen-findings.ts";
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
      if (routine.schema === "watertight") return [];
      if (isTriggerFunction(routine)) {
        const relation = fired.find((each) => each.routine === routine)?.relation;
        return relation === undefined ? [] : injected(facts, routine, injectable(routine, relation));
      }
      if (!facts.reach.canCall(routine)) return [];
      const names = injectable(routine);
      const checked = names.length > 0 ? choicesOf(facts, routine).listed : new Set<string>();
      const free = names.filter((name) => !checked.has(name));
      if (free.length > 0) return injected(facts, routine, free);
      const chosen = chosenTable(facts, routine);
      if (chosen !== null) return [choosing(facts, routine, chosen)];
      return injected(facts, routine, names).map((each) => behindList(each, routine, names));
    });
  },
};

function injected(facts: Facts, routine: Routine, names: readonly string[]): RuleFinding[] {
  if (names.length === 0) return [];
  const owner = facts.reach.role(routine.owner);
  const strong =
    owner?.superuser === true ||
    owner?.bypassRls === true ||
    tenantRelations(facts).some((table: Relation) => table.owner === routine.owner);
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

/** The text is one of a list, so it can't be SQL of the caller's. */
function behindList(finding: RuleFinding, routine: Routine, names: readonly string[]): RuleFinding {
  return {
    ...finding,
    severity: "low",
    message: `Definer function ${said(routine)} puts ${listed(names)} into a statement that it runs as ${routine.owner}, after a look into a list of allowed values: all hangs on that list.`,
    attackable: false,
  };
}

function choosing(
  facts: Facts,
  routine: Routine,
  { argument, severity, does, evidence, tables }: ChosenTable,
): RuleFinding {
  const [first] = tables;
  return {
    object: routineObject(facts, routine),
    ...(first === undefined ? {} : { table: { schema: first.schema, name: first.name } }),
    message: `Definer function ${said(routine)} takes the name of a table from ${argument} and works on it as ${routine.owner}: its caller can ${does}.`,
    severity,
    evidence,
    keys: [objectKey.routine(routine.signature)],
    fix: `alter function … security invoker; or compare the tenant of every row with the context in the statement; or let row security bind ${routine.owner}. Quoting the name is no defence here`,
    attackable: severity === "critical" || severity === "high",
  };
}
