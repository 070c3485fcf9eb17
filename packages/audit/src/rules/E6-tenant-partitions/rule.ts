/**
 * E6: partitions by tenant. The bounds are in the public catalog, and where there is no default partition a row for an unknown tenant fails with
 * 23514 before row security is asked, one for a known tenant with 42501. Hash partitions say neither.
 */
import { quoteName, type Relation } from "@watertight/schema";
import { objectKey } from "../../history/object-key.ts";
import { guessability } from "../judge/identifiers.ts";
import { may } from "../judge/row-access.ts";
import { tenantColumn, tenantRelations } from "../judge/tenant-rows.ts";
import type { Facts, Rule } from "../rule.ts";

/** The rule. */
export const tenantPartitions: Rule = {
  id: "E6",
  slug: "E6-tenant-partitions",
  title: "Partitions name the tenants",
  needs: "catalog",
  find: (facts) =>
    tenantRelations(facts).flatMap((table) => {
      const tenant = tenantColumn(facts, table);
      if (tenant === null || !["list", "range"].includes(table.partitioning?.strategy ?? "")) return [];
      if (!table.partitioning!.columns.includes(tenant)) return [];
      const named = children(facts, table).filter(({ partitionBound: bound }) => bound !== null && bound !== "DEFAULT");
      const bounds = named.map(({ name, partitionBound }) => `${name} ${partitionBound}`);
      if (bounds.length === 0) return [];
      const oracle = !hasDefault(facts, table) && may(facts, table, "insert");
      return {
        object: { kind: "table", schema: table.schema, name: table.name } as const,
        message: `Partitions of ${table.name} are made by ${tenant}: their bounds, which every role may read, list the tenants${oracle ? ", and the SQLSTATE of an INSERT (23514 or 42501) tells whether a tenant exists" : ""}.`,
        severity: guessability(table, tenant) === "natural" ? ("medium" as const) : ("low" as const),
        evidence: [
          `partition by ${table.partitioning!.strategy} (${table.partitioning!.columns.join(", ")})`,
          ...bounds.slice(0, 3),
        ],
        keys: [...named.map((partition) => objectKey.relation(partition)), objectKey.relation(table)],
        fix: `Partition by hash: partition by hash (${quoteName(tenant)}), with a fixed number of partitions; or give the tenant's name no meaning.`,
        attackable: true,
      };
    }),
};

function children({ snapshot }: Facts, { schema, name }: Relation): Relation[] {
  return snapshot.relations.filter(
    (each) => each.isPartition && each.parents.some((parent) => parent.schema === schema && parent.name === name),
  );
}

function hasDefault(facts: Facts, table: Relation): boolean {
  return children(facts, table).some(({ partitionBound }) => partitionBound === "DEFAULT");
}
