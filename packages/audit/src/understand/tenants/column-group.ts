/**
 * All columns that hold the key of one table (or the same unreferenced name): by foreign key, by a composite foreign key of another table that
 * carries it along, and by name where nothing contradicts.
 */
import type { Column, Relation } from "@watertight/schema";
import { dotted, type SchemaGraph } from "../schema/graph.ts";
import { plainWord } from "./words.ts";

/** Why a column is in the group. */
type GroupReason = "key" | "foreign key" | "composite key" | "name" | "policy";

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

/** The group of a table's single-column key; `extra` are tables whose keys mean the same. */
export function groupOfTable(graph: SchemaGraph, table: Relation, extra: readonly Relation[] = []): ColumnGroup {
  const heads = [table, ...extra];
  const key = keyColumn(graph, table);
  const group = new GroupBuilder(graph);
  for (const head of heads) {
    const own = keyColumn(graph, head);
    if (own !== null) group.add(head, own, "key");
    // some tables point to the id and some to the slug: both are the tenant
    for (const { parentColumns } of graph.referencedBy(head))
      if (parentColumns.length === 1) group.add(head, parentColumns[0]!, "key");
  }
  const [name = null] = group.mostFrequent();
  addByName(graph, heads, name, group);
  return { table, key, columns: group.columns, name, sameName: name === null ? 0 : group.count(name) };
}

/** The group of columns of one name that no foreign key explains. */
export function groupOfName(graph: SchemaGraph, name: string): ColumnGroup {
  const group = new GroupBuilder(graph);
  for (const [table, column] of columnsByWord(graph).get(plainWord(name)) ?? []) group.add(table, column.name, "name");
  return { table: null, key: null, columns: group.columns, name, sameName: group.columns.size };
}

/** Collects columns and follows foreign keys to those that copy them. */
class GroupBuilder {
  readonly columns: Map<string, Map<string, GroupReason>> = new Map();
  private readonly names: Map<string, number> = new Map();
  private readonly graph: SchemaGraph;

  constructor(graph: SchemaGraph) {
    this.graph = graph;
  }

  add(relation: Relation, column: string, reason: GroupReason): void {
    const added: (readonly [Relation, string])[] = [];
    const put = (table: Relation, name: string, why: GroupReason): void => {
      const known = this.columns.get(dotted(table)) ?? new Map<string, GroupReason>();
      if (known.has(name)) return;
      this.columns.set(dotted(table), known.set(name, why));
      if (why !== "key" && !table.isPartition) this.names.set(name, this.count(name) + 1);
      added.push([table, name]);
    };
    put(relation, column, reason);
    // the list grows while it is walked
    for (const [table, name] of added)
      for (const { child, columns, parentColumns } of this.graph.referencedBy(table))
        // a tenant's own parent is another tenant
        if (child !== table)
          parentColumns.forEach((parentColumn, at) => {
            if (parentColumn === name) put(child, columns[at]!, columns.length === 1 ? "foreign key" : "composite key");
          });
  }

  /** Tables in which a column of this name points to the key. */
  count(name: string): number {
    return this.names.get(name) ?? 0;
  }

  /** Names of columns that point to the key, the one of most tables first. */
  mostFrequent(): string[] {
    return [...this.names].sort((one, other) => other[1] - one[1]).map(([name]) => name);
  }
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

/** The column by which others point to a table: the single key that most foreign keys reference, else its single primary or unique key. */
export function keyColumn(graph: SchemaGraph, table: Relation): string | null {
  const primary = graph.primaryKey(table);
  const counts = new Map<string, number>(primary.length === 1 ? [[primary[0]!, 0.5]] : []);
  for (const { parentColumns, child } of graph.referencedBy(table))
    if (parentColumns.length === 1 && child !== table)
      counts.set(parentColumns[0]!, (counts.get(parentColumns[0]!) ?? 0) + 1);
  const [most] = [...counts].sort((one, other) => other[1] - one[1]);
  return most?.[0] ?? graph.uniqueKeys(table).find((key) => key.length === 1)?.[0] ?? null;
}

// a uuid that came as text stays one: imports(tenant_id text) beside tenants(id uuid)
const isText = (type: string): boolean => /^(text|character varying|character|citext)\b/.test(type);
const isId = (name: string): boolean => /(id|uuid|key)$/i.test(name);

/** Columns that carry the name and type of the key, without a foreign key; or the name that the others have, as text. */
function addByName(graph: SchemaGraph, heads: readonly Relation[], name: string | null, group: GroupBuilder): void {
  const words = new Set(heads.map((head) => plainWord(head.name)));
  if (name !== null && !notByName.has(plainWord(name))) words.add(plainWord(name));
  const key = keyColumn(graph, heads[0]!);
  const type = key === null ? undefined : graph.column(heads[0]!, key)?.baseType;
  const byWord = columnsByWord(graph);
  for (const word of words)
    for (const [table, column] of byWord.get(word) ?? [])
      if (
        // `company text` is a company's name; `company_id text` its id
        (column.name === name || isId(column.name)) &&
        (column.baseType === type || (column.name === name && isId(name) && isText(column.baseType))) &&
        !heads.includes(table) &&
        !graph.foreignKeys(table).some((each) => each.columns.includes(column.name))
      )
        group.add(table, column.name, "name");
}

type WordIndex = ReadonlyMap<string, readonly (readonly [Relation, Column])[]>;
const wordIndexes = new WeakMap<SchemaGraph, WordIndex>();

/** All columns by what their names mean. Made once: every table asks. */
function columnsByWord(graph: SchemaGraph): WordIndex {
  const known = wordIndexes.get(graph);
  if (known) return known;
  const index = new Map<string, (readonly [Relation, Column])[]>();
  for (const table of graph.tables)
    for (const column of table.columns) {
      const word = plainWord(column.name);
      const list = index.get(word);
      if (list) list.push([table, column]);
      else index.set(word, [[table, column]]);
    }
  wordIndexes.set(graph, index);
  return index;
}
