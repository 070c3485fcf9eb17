/**
 * In which order tables are seeded: parents before children, circles opened where a reference may stay empty for a moment. Pure.
 */
import type { Relation } from "@watertight/schema";
import type { Facts } from "../../rules/rule.ts";
import { dotted, type ForeignKey, type SchemaGraph } from "../../understand/schema/graph.ts";

/** One table of the order. */
export interface SeedStep {
  readonly relation: Relation;
  /** References that are filled after all tables: they close a circle, or point to the table itself. */
  readonly later: readonly ForeignKey[];
  /** References of a circle that can't wait; the row is made with foreign keys unchecked. */
  readonly unchecked: readonly ForeignKey[];
}

const ours = (schema: string): boolean => schema === "watertight";

/** Whether rows can be made here: a table of the application, no partition of another one. */
export function isSeedable(relation: Relation): boolean {
  return (
    (relation.kind === "r" || relation.kind === "p") &&
    !relation.isPartition &&
    relation.extension === null &&
    !ours(relation.schema)
  );
}

function wanted(facts: Facts, graph: SchemaGraph, userRoots: ReadonlySet<string>): Map<string, Relation> {
  const found = new Map<string, Relation>();
  const add = (relation: Relation | undefined): void => {
    if (!relation || !isSeedable(relation) || found.has(dotted(relation))) return;
    found.set(dotted(relation), relation);
    for (const key of graph.foreignKeys(relation)) add(graph.root(key.parent));
  };
  for (const { relation, tenancy } of facts.understanding.tables)
    if (tenancy.kind !== "global" && tenancy.kind !== "unknown") add(graph.relation(relation));
  for (const { relation } of facts.understanding.memberships) add(graph.relation(relation));
  for (const table of graph.tables) if ([...userRoots].some((root) => root.startsWith(`${dotted(table)}.`))) add(table);
  return found;
}

/** Tables to seed, parents first. */
export function seedOrder(facts: Facts, graph: SchemaGraph, userRoots: ReadonlySet<string>): readonly SeedStep[] {
  // what triggers and defaults ask for the person who is signed in comes before the tables that have them
  const sessions = new Set(
    facts.understanding.context.flatMap((source) =>
      "session" in source && source.session !== undefined ? [dotted(source.session.relation)] : [],
    ),
  );
  const left = wanted(facts, graph, userRoots);
  const steps: SeedStep[] = [];
  const done = new Set<string>();
  const rank = (relation: Relation): number => (sessions.has(dotted(relation)) ? 0 : 1);
  const isOpen = (key: ForeignKey): boolean => {
    const parent = dotted(graph.root(key.parent));
    return parent !== dotted(key.child) && left.has(parent) && !done.has(parent);
  };
  while (left.size > 0) {
    const ready = [...left.values()].filter((relation) => !graph.foreignKeys(relation).some(isOpen));
    // a circle: begin where the fewest references must be there at once
    const next =
      ready.length > 0
        ? ready
        : [[...left.values()].sort((one, other) => blocking(graph, one, isOpen) - blocking(graph, other, isOpen))[0]!];
    for (const relation of [...next].sort((one, other) => rank(one) - rank(other))) {
      const keys = graph.foreignKeys(relation);
      const open = keys.filter((key) => isOpen(key));
      const self = keys.filter((key) => dotted(graph.root(key.parent)) === dotted(relation));
      steps.push({
        relation,
        later: [...open, ...self].filter(({ required }) => !required),
        unchecked: [...open, ...self].filter(({ required }) => required),
      });
    }
    for (const { relation } of steps.slice(-next.length)) {
      left.delete(dotted(relation));
      done.add(dotted(relation));
    }
  }
  return steps;
}

const blocking = (graph: SchemaGraph, relation: Relation, isOpen: (key: ForeignKey) => boolean): number =>
  graph.foreignKeys(relation).filter((key) => isOpen(key) && key.required).length;
