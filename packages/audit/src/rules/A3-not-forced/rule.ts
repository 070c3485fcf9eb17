/**
 * A3: row security that does not bind the owner. Harmless while nobody acts as the owner; so the way to the owner decides: a membership, or a
 * definer object that the owner lends. Must never be an error without such a way.
 */
import type { Relation } from "@watertight/schema";
import { objectKey } from "../../history/object-key.ts";
import { touchesOf } from "../bodies/touches.ts";
import { isTriggerFunction } from "../exposure/routines.ts";
import { exposedBehind } from "../exposure/views.ts";
import { assumedOwner, rightsOn } from "../exposure/rights.ts";
import { listed, said, sqlName } from "../exposure/words.ts";
import { holdsTenantRows, kitSchema } from "../judge/tenant-rows.ts";
import type { Facts, Rule, RuleFinding, Severity } from "../rule.ts";

/** The rule. */
export const notForced: Rule = {
  id: "A3",
  slug: "A3-not-forced",
  title: "Row security is not forced",
  needs: "catalog",
  find: (facts) => {
    const lenders = lendersOf(facts);
    return facts.snapshot.relations
      .filter((table) => table.rowSecurity && !table.forced && table.schema !== kitSchema && table.extension === null)
      .map((table) => finding(facts, table, lenders.get(table) ?? []));
  },
};

function finding(facts: Facts, table: Relation, lenders: readonly Lender[]): RuleFinding {
  const bypass = facts.reach.bypasses(table);
  const asOwner = bypass?.why === "owner" && holdsTenantRows(facts, table) ? bypass : null;
  const certain = asOwner !== null && !asOwner.bySetRole && !assumedOwner(facts);
  const severity: Severity = certain
    ? "critical"
    : asOwner
      ? "high"
      : lenders.some(({ checks }) => !checks)
        ? "medium"
        : "info";
  const names = listed(lenders.map((lender) => lender.name));
  const name = said(table);
  return {
    object: { kind: "table", schema: table.schema, name: table.name },
    message: asOwner
      ? `Row security of ${name} does not bind its owner ${table.owner}, and the application ${asOwner.bySetRole ? "can become" : "acts as"} that role: it reaches all tenants' rows.`
      : lenders.length > 0
        ? `Row security of ${name} does not bind its owner ${table.owner}, as whom ${names} ${lenders.length > 1 ? "work" : "works"} on it.`
        : `Row security of ${name} does not bind its owner ${table.owner}; nothing that the application can reach acts as that role today.`,
    severity,
    evidence: [
      "pg_class.relforcerowsecurity is false",
      `the owner is ${table.owner}`,
      ...(asOwner
        ? [`${asOwner.role} is ${asOwner.bySetRole ? "reached by SET ROLE" : "the application or inherited by it"}`]
        : []),
      ...(lenders.length > 0 ? [`run as the owner: ${names}`] : []),
    ],
    keys: [objectKey.forced(table), objectKey.rowSecurity(table), objectKey.relation(table)],
    fix: `alter table ${sqlName(table)} force row level security;\n-- and let a role own it that nobody logs in as`,
    attackable: asOwner !== null && rightsOn(facts, table).length > 0,
  };
}

/** A view or definer function that acts as the owner of a table. */
interface Lender {
  readonly name: string;
  /** It compares rows with the context itself. */
  readonly checks: boolean;
}

/** Those that the application can use, by table. What triggers run is D8's. */
function lendersOf(facts: Facts): Map<Relation, Lender[]> {
  const lenders = new Map<Relation, Lender[]>();
  const lend = (table: Relation, name: string, checks: boolean): void => {
    const others = (lenders.get(table) ?? []).filter((lender) => lender.name !== name);
    const before = (lenders.get(table) ?? []).find((lender) => lender.name === name);
    lenders.set(table, [...others, { name, checks: checks && before?.checks !== false }]);
  };
  for (const view of facts.snapshot.relations)
    if (view.kind === "v" && rightsOn(facts, view).length > 0)
      for (const { table, role, check } of exposedBehind(facts, view))
        if (role === table.owner) lend(table, `view ${said(view)}`, check === "tenant");
  for (const routine of facts.snapshot.routines)
    if (routine.securityDefiner && !isTriggerFunction(routine) && facts.reach.canCall(routine))
      for (const { relation, check } of touchesOf(facts, routine))
        if (relation.owner === routine.owner) lend(relation, `function ${said(routine)}`, check === "tenant");
  return lenders;
}
