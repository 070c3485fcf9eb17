/**
 * What belongs to a table in a snapshot, found without looking through the whole of it: with hundreds of tables, rules that ask for each one cost a
 * second. Made once for a snapshot.
 */
import type { Constraint, Index, Policy, QualifiedName, Routine, Snapshot } from "@watertight/schema";
import { dotted } from "../../understand/schema/graph.ts";

/** The parts, by table; lists in the order of the snapshot. */
export interface PartsOfTables {
  policies(table: QualifiedName): readonly Policy[];
  indexes(table: QualifiedName): readonly Index[];
  constraints(table: QualifiedName): readonly Constraint[];
  /** By its signature. */
  routine(signature: string): Routine | undefined;
}

const made = new WeakMap<Snapshot, PartsOfTables>();

/** The parts of a snapshot's tables. */
export function partsOfTables(snapshot: Snapshot): PartsOfTables {
  const known = made.get(snapshot);
  if (known !== undefined) return known;
  const routines = new Map(snapshot.routines.map((routine) => [routine.signature, routine]));
  const parts: PartsOfTables = {
    policies: byTable(snapshot.policies),
    indexes: byTable(snapshot.indexes),
    constraints: byTable(snapshot.constraints),
    routine: (signature) => routines.get(signature),
  };
  made.set(snapshot, parts);
  return parts;
}

function byTable<T extends { readonly relation: QualifiedName }>(
  items: readonly T[],
): (table: QualifiedName) => readonly T[] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = dotted(item.relation);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return (table) => groups.get(dotted(table)) ?? [];
}
