/**
 * E7: a CHECK that asks a function which reads a table with row security. It runs as whoever writes and sees that tenant's rows only, so what
 * it should forbid between tenants passes; a definer function sees all, and its refusal tells of other tenants' rows.
 */
import { quoteName, type Relation, type Routine } from "@watertight/schema";
import { objectKey } from "../../history/object-key.ts";
import { touchesOf } from "../bodies/touches.ts";
import { may } from "../judge/row-access.ts";
import { graphOf, holdsTenantRows, tenantRelations } from "../judge/tenant-rows.ts";
import type { Facts, Rule, RuleFinding } from "../rule.ts";

/** The rule. */
export const checkByFunction: Rule = {
  id: "E7",
  slug: "E7-check-by-function",
  title: "CHECK constraint reads rows through a function",
  needs: "catalog",
  find: (facts) => {
    const tables = new Set(tenantRelations(facts));
    return facts.snapshot.constraints.flatMap((constraint) => {
      const table = graphOf(facts).relation(constraint.relation);
      if (constraint.kind !== "check" || !table || table.isPartition || !tables.has(table)) return [];
      const readers = facts.snapshot.routines
        .filter(({ signature }) => constraint.calls.includes(signature))
        .map((routine) => ({ routine, read: tenantTablesOf(facts, routine) }))
        .filter(({ read }) => read.length > 0);
      const [first] = readers;
      if (first === undefined) return [];
      const definer =
        first.routine.securityDefiner && first.read.some((each) => facts.reach.roleBypasses(first.routine.owner, each));
      const names = first.read.map(({ name }) => name).join(", ");
      const harm = definer
        ? "it sees all tenants' rows, so a refused row tells what another tenant has"
        : "it sees the rows of the writing tenant only, so what it should forbid between tenants passes";
      const finding: RuleFinding = {
        object: { kind: "constraint", schema: table.schema, name: table.name, part: constraint.name },
        message: `CHECK ${constraint.name} of ${table.name} reads ${names} through ${first.routine.name}(): ${harm}.`,
        severity: may(facts, table, "insert") || may(facts, table, "update") ? (definer ? "medium" : "low") : "info",
        evidence: [constraint.definition, `${first.routine.signature} reads ${names}`],
        keys: [objectKey.constraint(table, constraint.name), objectKey.relation(table)],
        fix: `Say it with a constraint that PostgreSQL keeps itself (unique, exclude, foreign key, with the tenant in it) and drop ${quoteName(constraint.name)}.`,
        attackable: true,
      };
      return finding;
    });
  },
};

function tenantTablesOf(facts: Facts, routine: Routine): Relation[] {
  const tables = touchesOf(facts, routine).map(({ relation }) => relation);
  return [...new Set(tables)].filter((table) => holdsTenantRows(facts, table));
}
