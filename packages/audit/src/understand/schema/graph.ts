/**
 * The snapshot as a graph: tables by name, foreign keys both ways, keys of tables, partitions. Pure look-ups; must never interpret a name.
 */
import type { Column, Constraint, QualifiedName, Relation, Routine, Snapshot } from "@watertight/schema";

/** schema.name, the key of a relation in maps. */
export function dotted({ schema, name }: QualifiedName): string {
  return `${schema}.${name}`;
}

/** A foreign key between two tables that exist in the snapshot. */
export interface ForeignKey {
  readonly name: string;
  readonly child: Relation;
  readonly columns: readonly string[];
  readonly parent: Relation;
  readonly parentColumns: readonly string[];
  /** None of its columns may be null. */
  readonly required: boolean;
  readonly onDelete: string;
}

/** Look-ups over one snapshot. */
export interface SchemaGraph {
  readonly snapshot: Snapshot;
  /** Tables that hold rows: ordinary, partitioned, foreign. */
  readonly tables: readonly Relation[];
  relation(name: QualifiedName): Relation | undefined;
  /** By a name as SQL text writes it, with or without a schema; ambiguous names give undefined. */
  find(schema: string | undefined, name: string, path?: readonly string[]): Relation | undefined;
  column(relation: Relation, name: string): Column | undefined;
  /** Foreign keys from this table. */
  foreignKeys(relation: Relation): readonly ForeignKey[];
  /** Foreign keys to this table. */
  referencedBy(relation: Relation): readonly ForeignKey[];
  primaryKey(relation: Relation): readonly string[];
  /** Primary key and unique constraints and indexes without a predicate. */
  uniqueKeys(relation: Relation): readonly (readonly string[])[];
  /** The table that a partition or inheritance child takes its rows' meaning from. */
  root(relation: Relation): Relation;
  routines(schema: string | undefined, name: string): readonly Routine[];
}

function grouped<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

// the configuration, the understanding and the rules each ask for it
const graphs = new WeakMap<Snapshot, SchemaGraph>();

/** The look-ups of a snapshot, made once. */
export function schemaGraph(snapshot: Snapshot): SchemaGraph {
  const known = graphs.get(snapshot);
  if (known !== undefined) return known;
  const made = build(snapshot);
  graphs.set(snapshot, made);
  return made;
}

function build(snapshot: Snapshot): SchemaGraph {
  const relations = new Map(snapshot.relations.map((each) => [dotted(each), each]));
  const byName = grouped(
    snapshot.relations.filter((each) => each.kind !== "S"),
    (each) => each.name,
  );
  const constraints = grouped(snapshot.constraints, (each) => dotted(each.relation));
  const indexes = grouped(
    snapshot.indexes.filter((each) => each.unique && each.predicate === null && !each.columns.includes(null)),
    (each) => dotted(each.relation),
  );
  const routines = grouped(snapshot.routines, (each) => each.name);
  const columns = new Map<Relation, Map<string, Column>>();

  const column = (relation: Relation, name: string): Column | undefined => {
    let known = columns.get(relation);
    if (!known) columns.set(relation, (known = new Map(relation.columns.map((each) => [each.name, each]))));
    return known.get(name);
  };
  const keys = snapshot.constraints.flatMap((constraint) => foreignKey(constraint, relations, column));
  const outgoing = grouped(keys, (each) => dotted(each.child));
  const incoming = grouped(keys, (each) => dotted(each.parent));

  const primaryKey = (relation: Relation): readonly string[] =>
    constraints.get(dotted(relation))?.find((each) => each.kind === "primary")?.columns ?? [];
  const root = (relation: Relation, depth = 0): Relation => {
    const parent = relation.parents[0] && relations.get(dotted(relation.parents[0]));
    return parent && depth < 64 ? root(parent, depth + 1) : relation;
  };
  return {
    snapshot,
    tables: snapshot.relations.filter((each) => ["r", "p", "f"].includes(each.kind)),
    relation: (name) => relations.get(dotted(name)),
    find(schema, name, path = []) {
      if (schema !== undefined) return relations.get(dotted({ schema, name }));
      for (const each of path) {
        const found = relations.get(dotted({ schema: each, name }));
        if (found) return found;
      }
      const all = byName.get(name) ?? [];
      return all.length === 1 ? all[0] : undefined;
    },
    column,
    foreignKeys: (relation) => outgoing.get(dotted(relation)) ?? [],
    referencedBy: (relation) => incoming.get(dotted(relation)) ?? [],
    primaryKey,
    uniqueKeys: (relation) => [
      ...(constraints.get(dotted(relation)) ?? [])
        .filter((each) => each.kind === "primary" || each.kind === "unique")
        .map((each) => each.columns),
      ...(indexes.get(dotted(relation)) ?? []).map((each) => each.columns as readonly string[]),
    ],
    root: (relation) => root(relation),
    routines: (schema, name) =>
      (routines.get(name) ?? []).filter((each) => schema === undefined || each.schema === schema),
  };
}

function foreignKey(
  constraint: Constraint,
  relations: ReadonlyMap<string, Relation>,
  column: (relation: Relation, name: string) => Column | undefined,
): ForeignKey[] {
  if (constraint.kind !== "foreign" || !constraint.references) return [];
  const child = relations.get(dotted(constraint.relation));
  const parent = relations.get(dotted(constraint.references.relation));
  if (!child || !parent) return [];
  return [
    {
      name: constraint.name,
      child,
      columns: constraint.columns,
      parent,
      parentColumns: constraint.references.columns,
      required: constraint.columns.every((name) => column(child, name)?.notNull ?? false),
      onDelete: constraint.references.onDelete,
    },
  ];
}
