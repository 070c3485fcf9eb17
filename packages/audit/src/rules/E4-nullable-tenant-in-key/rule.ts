/**
 * E4: a composite foreign key whose tenant column may be null. MATCH SIMPLE checks nothing as soon as one column is null, so (NULL, B's id)
 * passes; and ON DELETE SET NULL without a column list empties the tenant with the reference. Must stay silent on a nullable reference whose
 * tenant is NOT NULL: "no project" is a normal row.
 */
import { quoteName, quoteQualified, type Constraint, type Relation } from "@watertight/schema";
import { objectKey } from "../../history/object-key.ts";
import { isBound, checkOf, policiesFor } from "../judge/row-access.ts";
import { graphOf, tenantColumn } from "../judge/tenant-rows.ts";
import type { Facts, Rule, RuleFinding } from "../rule.ts";

/** The rule. */
export const nullableTenantInKey: Rule = {
  id: "E4",
  slug: "E4-nullable-tenant-in-key",
  title: "Composite foreign key with a tenant that may be null",
  needs: "catalog",
  find: (facts) => facts.snapshot.constraints.flatMap((constraint) => judge(facts, constraint) ?? []),
};

function judge(facts: Facts, constraint: Constraint): RuleFinding | null {
  const { references, columns, relation } = constraint;
  if (references === null || references.match !== "simple" || columns.length < 2 || !constraint.enforced) return null;
  const child = graphOf(facts).relation(relation);
  const tenant = tenantColumn(facts, relation);
  const other = tenantColumn(facts, references.relation);
  if (!child || child.isPartition || tenant === null || references.columns[columns.indexOf(tenant)] !== other)
    return null;
  if (child.columns.find(({ name }) => name === tenant)?.notNull !== false) return null;
  const empties = references.onDelete === "set null" && !/ON DELETE SET NULL \(/.test(constraint.definition);
  const table = quoteQualified(child.schema, child.name);
  return {
    object: { kind: "constraint", schema: child.schema, name: child.name, part: constraint.name },
    table: references.relation,
    message: `Foreign key ${constraint.name} of ${child.name} checks nothing when ${tenant} is null: a row of nobody can point at any tenant's row${empties ? `, and ON DELETE SET NULL empties ${tenant} too` : ""}.`,
    severity: nullPasses(facts, child) || empties ? "medium" : "low",
    evidence: [
      constraint.definition,
      `${tenant} may be null and the key is MATCH SIMPLE`,
      ...(nullPasses(facts, child) ? [] : ["row security refuses new rows without a tenant to the application"]),
    ],
    keys: [objectKey.column(child, tenant), objectKey.constraint(child, constraint.name), objectKey.relation(child)],
    fix: `alter table ${table} add constraint ${quoteName(`${child.name}_tenant_present`.slice(0, 63))} check (${quoteName(tenant)} is not null) not valid;\nalter table ${table} validate constraint ${quoteName(`${child.name}_tenant_present`.slice(0, 63))};\nalter table ${table} alter column ${quoteName(tenant)} set not null;`,
    attackable: true,
  };
}

/** Whether the application may write a row without a tenant: row security off, or a policy that does not compare with plain equality. */
function nullPasses(facts: Facts, child: Relation): boolean {
  if (!isBound(facts, child)) return true;
  return policiesFor(facts, child, "insert").some(
    (policy) =>
      policy.permissive && (checkOf(policy) === "true" || /is null|is not distinct|coalesce/i.test(checkOf(policy))),
  );
}
