/**
 * D8: a definer trigger that writes for the tenant that a row names. The caller writes the row, so the caller chooses. Silent where that column is
 * the row's own tenant and the table's policies check it, and where the function compares it with the context first.
 */
import { objectKey } from "../../history/object-key.ts";
import { plantedTenant } from "../bodies/planted.ts";
import { touchesOf } from "../bodies/touches.ts";
import { exposureTo } from "../exposure/exposure.ts";
import { type Fired, firedTriggers, trustedOf } from "../exposure/fired.ts";
import { said } from "../exposure/words.ts";
import type { Facts, Rule, RuleFinding } from "../rule.ts";

/** The rule. */
export const definerTrigger: Rule = {
  id: "D8",
  slug: "D8-definer-trigger",
  title: "A definer trigger writes for the tenant that a row names",
  needs: "catalog",
  find: (facts) =>
    firedTriggers(facts)
      .filter(({ trigger, routine }) => routine.securityDefiner && trigger.timing !== "instead of")
      .flatMap((fired) => finding(facts, fired) ?? []),
};

function finding(facts: Facts, fired: Fired): RuleFinding | null {
  const { trigger, relation, routine } = fired;
  const write = foreignWrite(facts, fired);
  if (write === null) return null;
  return {
    object: { kind: "trigger", schema: relation.schema, name: relation.name, part: trigger.name },
    table: { schema: write.table.schema, name: write.table.name },
    message: `Trigger ${trigger.name} on ${said(relation)} runs ${said(routine)} as ${routine.owner}, which ${write.does}: a tenant writes into another tenant's rows.`,
    severity: "high",
    evidence: [
      "the trigger's function is SECURITY DEFINER",
      write.why,
      `an application role may ${trigger.events.join(" or ")} on ${said(relation)}`,
    ],
    keys: [objectKey.routine(routine.signature), objectKey.trigger(relation, trigger.name)],
    fix: "compare the tenant with the context in the function before it writes, or let it run as the invoker, so that the policies count",
    attackable: true,
  };
}

/** The first write past row security that nobody compared with the context. */
export function foreignWrite(
  facts: Facts,
  { relation, routine }: Fired,
): { readonly table: Fired["relation"]; readonly does: string; readonly why: string } | null {
  const known = trustedOf(facts, relation);
  for (const { relation: table, mode, check, tree } of touchesOf(facts, routine, known)) {
    const exposure = mode === "read" ? null : exposureTo(facts, routine.owner, table, mode);
    if (exposure === null) continue;
    if (mode === "insert") {
      // keys of the row lead to rows of its own tenant, but they do not compare the tenant that is written
      const own = touchesOf(facts, routine, { context: known.context });
      const compared = own.some((each) => each.tree === tree && each.mode === "insert" && each.check === "tenant");
      const planted = plantedTenant(facts, tree, table, known, routine);
      if (planted.from === "new" && !compared)
        return {
          table,
          does: `adds rows to ${said(table)} for the tenant in NEW.${planted.column}`,
          why: exposure.sentence,
        };
    } else if (check === "none")
      return { table, does: `can ${mode} rows of ${said(table)} of any tenant`, why: exposure.sentence };
  }
  return null;
}
