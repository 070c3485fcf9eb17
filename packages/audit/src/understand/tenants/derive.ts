/**
 * Tables without a tenant column of their own: the best chain of foreign keys to a table that has one. A key that may not be null goes before one
 * that may, a composite key before a single one, ownership before a mere mention.
 */
import type { Relation } from "@watertight/schema";
import { dotted, type SchemaGraph } from "../schema/graph.ts";
import type { Answer } from "./answer.ts";
import type { TenantModel } from "./model.ts";
import { plainWord } from "./words.ts";

interface Edge {
  readonly child: Relation;
  readonly columns: readonly string[];
  readonly parent: Relation;
  readonly parentColumns: readonly string[];
  readonly cost: number;
  readonly because: string;
}

/** Answers for tables that reach a tenant, given the answers so far. */
export function derivations(
  graph: SchemaGraph,
  known: ReadonlyMap<string, Answer>,
  tables: readonly Relation[],
  model: TenantModel,
): Map<string, Answer> {
  const distance = new Map<string, number>();
  for (const [name, { tenancy }] of known)
    if (["column", "tenants", "derived"].includes(tenancy.kind)) distance.set(name, 0);
  const chosen = new Map<string, Edge>();
  const edges = tables.filter((table) => !known.has(dotted(table))).flatMap((table) => edgesOf(graph, table, model));
  // few tables and short chains: relaxing until nothing changes is simple and fast enough
  for (let changed = true; changed;) {
    changed = false;
    for (const edge of edges) {
      const before = distance.get(dotted(graph.root(edge.parent)));
      if (before === undefined) continue;
      const cost = before + edge.cost;
      if (cost >= (distance.get(dotted(edge.child)) ?? Number.POSITIVE_INFINITY)) continue;
      distance.set(dotted(edge.child), cost);
      chosen.set(dotted(edge.child), edge);
      changed = true;
    }
  }
  return new Map(
    [...chosen].map(([name, { columns, parent, parentColumns, because }]) => [
      name,
      {
        tenancy: { kind: "derived", columns, parent: { schema: parent.schema, name: parent.name }, parentColumns },
        because: [because],
      },
    ]),
  );
}

function edgesOf(graph: SchemaGraph, child: Relation, model: TenantModel): Edge[] {
  const keys = graph.foreignKeys(child).filter((each) => each.parent !== child);
  const edges = keys.map(({ name, columns, parent, parentColumns, required, onDelete }): Edge => ({
    child,
    columns,
    parent,
    parentColumns,
    cost:
      10 +
      (required ? 0 : 100) -
      (columns.length > 1 ? 2 : 0) -
      (onDelete === "cascade" ? 1 : 0) +
      // author_id says who wrote it; in a schema of organisations that is rarely what decides where it belongs
      (!model.perUser && model.people.tables.includes(parent) ? 15 : 0),
    because: `foreign key ${name} (${columns.join(", ")}) leads to ${dotted(parent)}${required ? "" : "; it may be null: such rows have no tenant"}`,
  }));
  const covered = new Set(keys.flatMap((each) => each.columns));
  const named = child.columns
    .filter(
      (column) =>
        !covered.has(column.name) &&
        /(id|uuid|key)$/i.test(column.name) &&
        !graph.primaryKey(child).includes(column.name),
    )
    .flatMap((column): Edge[] => {
      const parents = graph.tables.filter(
        (table) =>
          table !== child &&
          !table.isPartition &&
          plainWord(table.name) === plainWord(column.name) &&
          graph.primaryKey(table).length === 1,
      );
      const [parent] = parents;
      const key = parent && graph.primaryKey(parent)[0]!;
      if (!parent || parents.length > 1 || graph.column(parent, key!)?.baseType !== column.baseType) return [];
      return [
        {
          child,
          columns: [column.name],
          parent,
          parentColumns: [key!],
          cost: 40 + (column.notNull ? 0 : 100),
          because: `${column.name} has the name and type of ${dotted(parent)}'s key; no foreign key holds it`,
        },
      ];
    });
  return [...edges, ...named];
}
