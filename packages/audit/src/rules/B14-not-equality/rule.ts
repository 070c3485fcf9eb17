/**
 * B14: tenants are compared by something that is not equality: a pattern, a range, a list in one text, a function that makes different ids equal,
 * or a column type (citext, a collation) that calls them equal. Equality over what identifies the tenant everywhere else is fine.
 */
import { quoteName, type Relation } from "@watertight/schema";
import { objectKey } from "../../history/object-key.ts";
import { said, sqlName } from "../exposure/words.ts";
import { courtOf } from "../predicate/court.ts";
import { leakFindings, narrowFix } from "../predicate/leak-findings.ts";
import type { Facts, Rule, RuleFinding } from "../rule.ts";

/** The rule. */
export const notEquality: Rule = {
  id: "B14",
  slug: "B14-not-equality",
  title: "Tenants are compared by something other than equality",
  needs: "catalog",
  find: (facts) => [
    ...leakFindings(facts, "B14", (group) => ({
      message: `Policy ${group.policy.name} on ${group.table} compares tenants by more than equality (${group.way}): a tenant with a fitting id may ${group.can} another's rows.`,
      fix: `${narrowFix(facts, group)};\n-- compare the column itself by =`,
    })),
    ...facts.snapshot.relations.flatMap((relation) => looseColumn(facts, relation) ?? []),
  ],
};

/** A tenant column whose type calls ids equal that are different in the table of tenants. */
function looseColumn(facts: Facts, relation: Relation): RuleFinding | null {
  const { catalog } = courtOf(facts);
  const tenancy = catalog.tenancy(relation);
  if (tenancy.kind !== "column" || !relation.rowSecurity) return null;
  const column = catalog.column(relation, tenancy.column);
  if (column === null || !isLoose(column)) return null;
  const key = facts.snapshot.constraints.find(
    (each) =>
      each.kind === "foreign" &&
      each.relation.schema === relation.schema &&
      each.relation.name === relation.name &&
      each.columns.length === 1 &&
      each.columns[0] === column.name,
  )?.references;
  const referenced = key ? facts.reach.relation(key.relation) : undefined;
  const other = referenced?.columns.find(({ name }) => name === key?.columns[0]);
  // what is loose at its root is loose everywhere: two such tenants cannot exist
  if (other !== undefined && isLoose(other)) return null;
  const type = other?.type ?? "uuid";
  const how = column.deterministicCollation ? column.baseType : "its collation";
  return {
    object: { kind: "column", schema: relation.schema, name: relation.name, part: column.name },
    table: { schema: relation.schema, name: relation.name },
    message: `${said(relation)}.${column.name} compares by ${how}, which calls different ids equal: tenants acme and ACME see each other's rows.`,
    severity: other === undefined ? "medium" : "high",
    evidence: [
      `${column.name} is ${column.type}${column.deterministicCollation ? "" : " with a nondeterministic collation"}`,
      other === undefined
        ? "no foreign key says what it refers to"
        : `it refers to ${said(referenced!)}.${other.name}, which is ${other.type}`,
    ],
    keys: [objectKey.column(relation, column.name), objectKey.relation(relation)],
    fix: `alter table ${sqlName(relation)} alter column ${quoteName(column.name)} type ${type} using ${quoteName(column.name)}::${type}`,
    attackable: true,
  };
}

function isLoose({ baseType, deterministicCollation }: Relation["columns"][number]): boolean {
  return !deterministicCollation || /(^|\.)citext$/.test(baseType);
}
