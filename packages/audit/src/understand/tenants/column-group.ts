/**
 * All columns that hold the key of one table (or the same unreferenced name): by foreign key, by a composite foreign key of another table that
 * carries it along, and by name where nothing contradicts.
 */
import type { Relation } from "@watertight/schema";
import { dotted, type SchemaGraph } from "../schema/graph.ts";
import { plainWord } from "./words.ts";

/** Why a column is in the group. */
export type GroupReason = "key" | "foreign key" | "composite key" | "name" | "policy";

/** Columns that hold one thing. */
export interface ColumnGroup {
  /** The table whose key it is; null where no table was found. */
  readonly table: Relation | null;
  readonly key: string | null;
  /** By relation, then column. */
  readonly columns: ReadonlyMap<string, ReadonlyMap<string, GroupReason>>;
  /** The name most tables use, and how many do. */
  readonly name: string | null;
  readonly sameName: number;
}

// names that point to a row of their own table, or say who, not whose
const notByName = new Set(["id", "parent", "owner", "createdby", "updatedby", "creator", "author"]);

/** The group of a table's single-column key; undefined where it has none. */
export function groupOfTable(graph: SchemaGraph, table: Relation, extra: readonly Relation[] = []): ColumnGroup {
  const heads = [table, ...extra];
  const key = keyColumn(graph, table);
  const columns = new Map<string, Map<string, GroupReason>>();
  const add = (relation: Relation, column: string, reason: GroupReason): boolean => {
    const known = columns.get(dotted(relation)) ?? new Map<string, GroupReason>();
    if (known.has(column)) return false;
    columns.set(dotted(relation), known.set(column, reason));
    return true;
  };
  for (const head of heads) {
    const own = keyColumn(graph, head);
    if (own !== null) add(head, own, "key");
  }
  spread(graph, columns, add);
  const names = countNames(graph, columns);
  const [name = null, sameName = 0] = [...names].sort((one, other) => other[1] - one[1])[0] ?? [];
  addByName(graph, heads, name, add);
  return { table, key, columns, name, sameName: Math.max(sameName, countNames(graph, columns).get(name ?? "") ?? 0) };
}

/** The group of columns of one name that no foreign key explains. */
export function groupOfName(graph: SchemaGraph, name: string): ColumnGroup {
  const columns = new Map<string, Map<string, GroupReason>>();
  for (const table of graph.tables)
    for (const column of table.columns)
      if (plainWord(column.name) === plainWord(name)) columns.set(dotted(table), new Map([[column.name, "name"]]));
  const add = (relation: Relation, column: string, reason: GroupReason): boolean => {
    const known = columns.get(dotted(relation)) ?? new Map<string, GroupReason>();
    if (known.has(column)) return false;
    columns.set(dotted(relation), known.set(column, reason));
    return true;
  };
  spread(graph, columns, add);
  return { table: null, key: null, columns, name, sameName: columns.size };
}

/** The group with columns that policies put there. */
export function withColumns(
  group: ColumnGroup,
  more: readonly { readonly relation: Relation; readonly column: string }[],
): ColumnGroup {
  const columns = new Map([...group.columns].map(([relation, known]) => [relation, new Map(known)]));
  for (const { relation, column } of more) {
    const known = columns.get(dotted(relation)) ?? new Map<string, GroupReason>();
    if (!known.has(column)) columns.set(dotted(relation), known.set(column, "policy"));
  }
  return { ...group, columns };
}

/** The column by which others point to a table: its single primary key, a single unique key that is referenced, or the last part of the key. */
export function keyColumn(graph: SchemaGraph, table: Relation): string | null {
  const primary = graph.primaryKey(table);
  if (primary.length === 1) return primary[0]!;
  const referenced = graph.referencedBy(table).find((each) => each.parentColumns.length === 1);
  if (referenced) return referenced.parentColumns[0]!;
  return graph.uniqueKeys(table).find((key) => key.length === 1)?.[0] ?? null;
}

type Add = (relation: Relation, column: string, reason: GroupReason) => boolean;

/** Follows foreign keys from columns that are in the group to columns that copy them, until nothing is new. */
function spread(graph: SchemaGraph, columns: ReadonlyMap<string, ReadonlyMap<string, GroupReason>>, add: Add): void {
  for (let changed = true; changed;) {
    changed = false;
    for (const child of graph.tables)
      for (const each of graph.foreignKeys(child))
        each.parentColumns.forEach((parentColumn, at) => {
          const column = each.columns[at]!;
          // a key of its own that merely extends the parent is handled by the caller
          if (columns.get(dotted(each.parent))?.has(parentColumn) && dotted(child) !== dotted(each.parent))
            changed = add(child, column, each.columns.length === 1 ? "foreign key" : "composite key") || changed;
        });
  }
}

function countNames(
  graph: SchemaGraph,
  columns: ReadonlyMap<string, ReadonlyMap<string, GroupReason>>,
): Map<string, number> {
  const names = new Map<string, number>();
  for (const table of graph.tables)
    for (const [column, reason] of columns.get(dotted(table)) ?? [])
      if (reason !== "key" && !table.isPartition) names.set(column, (names.get(column) ?? 0) + 1);
  return names;
}

function addByName(graph: SchemaGraph, heads: readonly Relation[], name: string | null, add: Add): void {
  const words = new Set(heads.map((head) => plainWord(head.name)));
  if (name !== null && !notByName.has(plainWord(name))) words.add(plainWord(name));
  const key = keyColumn(graph, heads[0]!);
  const type = key === null ? undefined : graph.column(heads[0]!, key)?.baseType;
  for (const table of graph.tables) {
    if (heads.includes(table)) continue;
    for (const column of table.columns)
      if (
        // `company text` is a company's name; `company_id text` its id
        (column.name === name || (words.has(plainWord(column.name)) && /(id|uuid|key)$/i.test(column.name))) &&
        column.baseType === type &&
        !graph.foreignKeys(table).some((each) => each.columns.includes(column.name))
      )
        add(table, column.name, "name");
  }
}
