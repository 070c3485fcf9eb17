/**
 * B19: a helper of policies that is VOLATILE, which is what CREATE FUNCTION makes of it when nothing is said. It is called for every row, sees
 * what other transactions commit while the statement runs, and keeps indexes from being used. A risk and a cost, no leak by itself.
 */
import { objectKey } from "../../history/object-key.ts";
import { listed, said, sqlName } from "../exposure/words.ts";
import { guardedBy, type Helper, helpersOf } from "../predicate/helpers.ts";
import type { Facts, Rule, RuleFinding } from "../rule.ts";

/** The rule. */
export const volatileHelper: Rule = {
  id: "B19",
  slug: "B19-volatile-helper",
  title: "A helper of policies is VOLATILE",
  needs: "catalog",
  find: (facts) => helpersOf(facts).flatMap((helper) => finding(facts, helper) ?? []),
};

function finding(facts: Facts, helper: Helper): RuleFinding | null {
  const { routine, policies } = helper;
  const tables = guardedBy(facts, helper);
  if (routine.volatility !== "volatile" || tables.length === 0) return null;
  return {
    object: { kind: "function", schema: routine.schema, name: routine.name },
    message: `${said(routine)}() is VOLATILE and decides about ${listed(tables.map(said))}: its answer may change between two rows of one statement, and no index helps.`,
    severity: "low",
    evidence: [
      `${routine.signature} is volatile`,
      `used by ${listed(policies.map(({ name, relation }) => `policy ${name} on ${said(relation)}`))}`,
    ],
    keys: [objectKey.routine(routine.signature)],
    fix: `alter function ${sqlName(routine)}(${routine.arguments.join(", ")}) stable;\n-- and call it as (select ${sqlName(routine)}())`,
    attackable: false,
  };
}
