/**
 * Which tables hold rows of tenants, and by which column, as the rules about keys and paths ask it. A partition has the tenancy of the table
 * it belongs to. Must never guess: a table that the understanding calls unknown holds no tenant's rows here.
 */
import type { QualifiedName, Relation } from "@watertight/schema";
import { type SchemaGraph, schemaGraph } from "../../understand/schema/graph.ts";
import type { Tenancy, TenantTable } from "../../understand/understanding.ts";
import type { Facts } from "../rule.ts";

const tables = new WeakMap<Facts["understanding"], ReadonlyMap<string, TenantTable>>();

/** Look-ups over the snapshot of the facts. */
export function graphOf({ snapshot }: Facts): SchemaGraph {
  return schemaGraph(snapshot);
}

/** What is understood of a table; undefined for what is no table of the understanding. */
export function understoodTable(
  { understanding }: Pick<Facts, "understanding">,
  name: QualifiedName,
): TenantTable | undefined {
  let known = tables.get(understanding);
  if (known === undefined) {
    known = new Map(understanding.tables.map((table) => [relationKey(table.relation), table]));
    tables.set(understanding, known);
  }
  return known.get(relationKey(name));
}

// no name holds a NUL
const relationKey = ({ schema, name }: QualifiedName): string => `${schema}\0${name}`;

/** How rows of a table find their tenant; "unknown" for what is no table of the understanding. */
export function tenancyOf(facts: Facts, name: QualifiedName): Tenancy {
  const own = understoodTable(facts, name)?.tenancy;
  if (own !== undefined && own.kind !== "unknown") return own;
  const relation = graphOf(facts).relation(name);
  return (relation && understoodTable(facts, graphOf(facts).root(relation))?.tenancy) ?? { kind: "unknown" };
}

/** Whether rows of the table belong to somebody: by column, by parent, or because they are the tenants. */
export function holdsTenantRows(facts: Facts, name: QualifiedName): boolean {
  return ["column", "derived", "tenants"].includes(tenancyOf(facts, name).kind);
}

/** The column that holds the tenant; of the table of tenants its key. Null without one. */
export function tenantColumn(facts: Facts, name: QualifiedName): string | null {
  const tenancy = tenancyOf(facts, name);
  return tenancy.kind === "column" || tenancy.kind === "tenants" ? tenancy.column : null;
}

/** Tables, partitions included, that hold rows of tenants, and are not an extension's or the kit's own. */
export function tenantRelations(facts: Facts): Relation[] {
  return facts.snapshot.relations.filter(
    (relation) =>
      (relation.kind === "r" || relation.kind === "p") &&
      relation.extension === null &&
      relation.schema !== kitSchema &&
      holdsTenantRows(facts, relation),
  );
}

/** Schema of the watertight kit: its objects are tested by the kit's own suite, and `kit status` judges them. */
export const kitSchema = "watertight";
