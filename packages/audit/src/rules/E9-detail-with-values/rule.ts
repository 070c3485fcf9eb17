/**
 * E9: the DETAIL of an error prints values of the row in the way. PostgreSQL hides it where row security binds the writer; where it does not (a
 * definer function whose owner bypasses, an open table, a partition without row security) an EXCLUDE constraint prints another tenant's values.
 * UNIQUE prints only what the writer sent; whether it tells anything is E5.
 */
import { type Constraint, quoteName, type Relation, type Routine } from "@watertight/schema";
import { objectKey } from "../../history/object-key.ts";
import { touchesOf } from "../bodies/touches.ts";
import { isBound } from "../judge/row-access.ts";
import { graphOf, tenantColumn, tenantRelations } from "../judge/tenant-rows.ts";
import type { Facts, Rule } from "../rule.ts";

/** The rule. */
export const detailWithValues: Rule = {
  id: "E9",
  slug: "E9-detail-with-values",
  title: "Error detail prints another tenant's values",
  needs: "catalog",
  find: (facts) => {
    const tables = new Set(tenantRelations(facts));
    return facts.snapshot.constraints.flatMap((constraint) => {
      const table = graphOf(facts).relation(constraint.relation);
      if (constraint.kind !== "exclude" || !table || !tables.has(table)) return [];
      if (comparesTenant(constraint, tenantColumn(facts, table))) return [];
      const paths = pathsTo(facts, table);
      if (paths.length === 0) return [];
      return {
        object: { kind: "constraint", schema: table.schema, name: table.name, part: constraint.name } as const,
        message: `A conflict with ${constraint.name} of ${table.name} prints the values of the row in the way, another tenant's included: ${paths[0]!}.`,
        severity: "medium" as const,
        evidence: [constraint.definition, "DETAIL: Key (…)=(…) conflicts with existing key (…)=(…)", ...paths],
        keys: [objectKey.constraint(table, constraint.name), objectKey.relation(table)],
        fix: `Compare the tenant in the constraint (${quoteName(tenantColumn(facts, table) ?? "tenant_id")} with =, from btree_gist), or let the writing function catch exclusion_violation and raise an error of its own.`,
        attackable: true,
      };
    });
  },
};

function comparesTenant({ definition }: Constraint, tenant: string | null): boolean {
  return tenant !== null && new RegExp(`[( ]"?${tenant.replaceAll(/\W/g, "\\$&")}"? WITH =`).test(definition);
}

/** How somebody writes the table without being bound: each a clause of the message. */
function pathsTo(facts: Facts, table: Relation): string[] {
  const { reach, snapshot } = facts;
  const writes = reach.can("INSERT", table) || reach.can("UPDATE", table);
  const parent = table.parents[0] && graphOf(facts).relation(table.parents[0]);
  const throughParent = parent !== undefined && (reach.can("INSERT", parent) || reach.can("UPDATE", parent));
  return [
    ...((writes || throughParent) && !isBound(facts, table) && reach.can("SELECT", table)
      ? [`row security does not bind the application on ${table.name}`]
      : []),
    ...snapshot.routines
      .filter((routine) => routine.securityDefiner && reach.canCall(routine) && writesTable(facts, routine, table))
      .filter(({ owner }) => !table.rowSecurity || reach.roleBypasses(owner, table))
      .map(({ name, owner }) => `${name}() writes it as ${owner}, whom row security does not bind`),
  ];
}

function writesTable(facts: Facts, routine: Routine, table: Relation): boolean {
  return touchesOf(facts, routine).some(
    ({ relation, mode }) => relation === table && (mode === "insert" || mode === "update"),
  );
}
