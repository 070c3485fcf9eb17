/**
 * D3: a materialized view with rows of tenants that the application may read. Row security can't be put on one; it holds what its owner saw when it
 * was refreshed: all tenants, or with a FORCEd owner the one whose context was set at that moment, for everybody.
 */
import type { Relation } from "@watertight/schema";
import { objectKey } from "../../history/object-key.ts";
import { listed, said } from "../exposure/words.ts";
import { grantees, revoke } from "../judge/grants.ts";
import { isOpenToRead } from "../judge/row-access.ts";
import { graphOf, holdsTenantRows, tenantColumn } from "../judge/tenant-rows.ts";
import type { Facts, Rule, RuleFinding } from "../rule.ts";

/** The rule. */
export const materializedView: Rule = {
  id: "D3",
  slug: "D3-materialized-view",
  title: "A materialized view holds tenants' rows",
  needs: "catalog",
  find: (facts) => facts.snapshot.relations.flatMap((view) => (view.kind === "m" ? (finding(facts, view) ?? []) : [])),
};

function finding(facts: Facts, view: Relation): RuleFinding | null {
  if (!facts.reach.can("SELECT", view)) return null;
  const tables = tablesBehind(facts, view, new Set());
  const [first] = tables;
  if (first === undefined) return null;
  const columns = new Set(tables.flatMap((table) => tenantColumn(facts, table) ?? []));
  const column = view.columns.find(({ name }) => columns.has(name))?.name;
  const names = listed(tables.map(said));
  return {
    object: { kind: "view", schema: view.schema, name: view.name },
    table: { schema: first.schema, name: first.name },
    message:
      column === undefined
        ? `Materialized view ${said(view)} is made from ${names}, and row security can't bind it: whatever it keeps of one tenant is shown to all.`
        : `Materialized view ${said(view)} holds rows of ${names} with their ${column}, and row security can't bind it: every tenant reads every tenant's rows.`,
    severity: column === undefined ? "medium" : "critical",
    evidence: [
      "pg_class.relkind is m: ENABLE ROW LEVEL SECURITY is refused",
      `it reads ${names}`,
      "an application role has SELECT on it",
    ],
    keys: [
      ...grantees(facts, "SELECT", view).map((role) => objectKey.grant(objectKey.relation(view), role)),
      objectKey.relation(view),
    ],
    fix: `${revoke("select", view, grantees(facts, "SELECT", view))}\n-- and give the application a view or definer function that compares the tenant`,
    attackable: column !== undefined,
  };
}

function tablesBehind(facts: Facts, view: Relation, seen: Set<Relation>): Relation[] {
  if (seen.has(view)) return [];
  seen.add(view);
  const found = view.reads.flatMap((name): Relation[] => {
    const relation = graphOf(facts).relation(name);
    if (relation === undefined) return [];
    if (relation.kind === "v" || relation.kind === "m") return tablesBehind(facts, relation, seen);
    return holdsTenantRows(facts, relation) && !isOpenToRead(facts, relation) ? [relation] : [];
  });
  return [...new Set(found)];
}
