/**
 * P1 (performance): an index that row security puts out of use. A condition goes into an index scan before the policy only if its operator is leakproof;
 * jsonb @>, LIKE, @@, numeric =, ranges and arrays are not, nor is a function over the column. No leak: a sequential scan of all tenants' rows.
 */
import { type Index, quoteName } from "@watertight/schema";
import { objectKey } from "../../history/object-key.ts";
import { partsOfTables } from "../judge/parts-of-table.ts";
import { isBound } from "../judge/row-access.ts";
import { graphOf, tenantColumn, tenantRelations } from "../judge/tenant-rows.ts";
import type { Facts, Rule } from "../rule.ts";
import { leakproofClasses, patternClasses } from "./leakproof-classes.ts";

/** The rule. */
export const deadIndex: Rule = {
  id: "P1",
  slug: "P1-dead-index",
  title: "Index without use under row security (performance)",
  needs: "catalog",
  find: (facts) => {
    const tables = new Set(tenantRelations(facts).filter((table) => !table.isPartition && isBound(facts, table)));
    return facts.snapshot.indexes.flatMap((index) => {
      const table = graphOf(facts).relation(index.relation);
      if (!table || !tables.has(table) || index.exclusion || index.primary) return [];
      const tenant = tenantColumn(facts, table);
      const why = reason(index, tenant);
      if (why === null) return [];
      const byTenant = indexedByTenant(facts, index, tenant);
      return {
        object: { kind: "index", schema: index.schema, name: index.name } as const,
        table: { schema: table.schema, name: table.name },
        message: `Performance: ${index.name} of ${table.name} is not used for its condition under row security, because ${why}; ${byTenant ? "the tenant's rows are read one by one" : "the whole table is read"}.`,
        severity: byTenant || index.unique ? ("info" as const) : ("low" as const),
        evidence: [
          `${index.method} (${index.operatorClasses.join(", ")})`,
          "conditions run before a policy only if their operator is leakproof (security barrier)",
        ],
        keys: [objectKey.index(index), objectKey.relation(table)],
        fix: `Let an index find the tenant first: (${quoteName(tenant ?? "tenant_id")}, …), so that only the tenant's rows are searched; or keep the searched value in a column of a type with leakproof comparison (bigint cents for numeric, a stored lower(email)).`,
        attackable: false,
      };
    });
  },
};

/** Why the index is dead, or null. Keys that are the tenant itself are the policy's own, and live. */
function reason({ method, columns, operatorClasses }: Index, tenant: string | null): string | null {
  if (!/^(btree|hash|gin|gist|spgist)$/.test(method)) return null;
  const keys = columns
    .map((column, at) => ({ column, operators: operatorClasses[at] ?? "" }))
    .filter(({ column }) => column === null || column !== tenant);
  // only the first key that is not the tenant decides whether a scan can start there
  const [first] = keys;
  if (first === undefined) return null;
  if (first.column === null) return "the expression calls a function that is not leakproof";
  if (patternClasses.has(first.operators)) return `LIKE on ${first.column} is not leakproof`;
  const leakproof = /^(btree|hash)$/.test(method)
    ? leakproofClasses.has(first.operators)
    : first.operators === "inet_ops" || (method === "spgist" && first.operators === "text_ops");
  return leakproof ? null : `the operators of ${first.operators} are not leakproof`;
}

/** Whether an index, this one too, begins with the tenant. */
function indexedByTenant({ snapshot }: Facts, { relation }: Index, tenant: string | null): boolean {
  return (
    tenant !== null &&
    partsOfTables(snapshot)
      .indexes(relation)
      .some(({ columns }) => columns[0] === tenant)
  );
}
