/**
 * What leads where: the tables behind a view, the tables that a policy trusts, the relations that a function's text names. Pure, over the
 * snapshot; a name in a text may be a coincidence, so these only decide what is tried, never what is true.
 */
import type { Policy, QualifiedName, Relation, Routine } from "@watertight/schema";
import { dotted } from "../../understand/schema/graph.ts";
import { quoteText } from "@watertight/schema";
import { nameOf } from "../seed/values.ts";
import type { Step } from "./attack.ts";
import type { World } from "./world.ts";

/** All tables that a view reads, through other views as well. */
export function tablesBehind(world: World, view: Relation): Relation[] {
  const found = new Map<string, Relation>();
  const walk = (relation: Relation, depth: number): void => {
    for (const name of relation.reads) {
      const read = world.graph.relation(name);
      if (!read || found.has(dotted(read)) || depth > 16) continue;
      found.set(dotted(read), read);
      walk(read, depth + 1);
    }
  };
  walk(view, 0);
  return [...found.values()].filter(({ kind }) => kind === "r" || kind === "p");
}

const words = new WeakMap<Routine, ReadonlySet<string>>();
const wordsOf = (routine: Routine): ReadonlySet<string> => {
  let known = words.get(routine);
  if (!known) words.set(routine, (known = new Set(routine.body.match(/[\p{L}_][\p{L}\p{N}_$]*/gu) ?? [])));
  return known;
};

/** Relations that a function's body names, and those of the functions that it names. */
export function namedIn(world: World, routine: Routine, depth = 0, seen: Set<Routine> = new Set()): Relation[] {
  if (depth > 3 || seen.has(routine)) return [];
  seen.add(routine);
  const known = wordsOf(routine);
  const relations = world.facts.snapshot.relations.filter(
    (relation) => relation.kind !== "S" && relation.schema !== "watertight" && known.has(relation.name),
  );
  const called = world.facts.snapshot.routines.filter((other) => other !== routine && known.has(other.name));
  return [...new Set([...relations, ...called.flatMap((other) => namedIn(world, other, depth + 1, seen))])];
}

/** The policies of a table. */
export function policiesOf(world: World, relation: QualifiedName): Policy[] {
  return world.facts.snapshot.policies.filter((policy) => dotted(policy.relation) === dotted(relation));
}

/** The functions that a table's policies call. */
export function policyRoutines(world: World, relation: QualifiedName): Routine[] {
  const signatures = new Set(policiesOf(world, relation).flatMap(({ calls }) => calls));
  return world.facts.snapshot.routines.filter(({ signature }) => signatures.has(signature));
}

/** The tables whose rows decide what a table's policies let through. */
export function trustedBy(world: World, relation: QualifiedName): Relation[] {
  const direct = policiesOf(world, relation).flatMap(({ reads }) => reads.map((name) => world.graph.relation(name)));
  const indirect = policyRoutines(world, relation).flatMap((routine) => namedIn(world, routine));
  const all = [...direct, ...indirect].filter((each): each is Relation => each !== undefined);
  return [...new Set(all)].filter(({ kind }) => kind === "r" || kind === "p");
}

/** Tables that the table's triggers and rules may write. */
export function touchedBy(world: World, relation: Relation): Relation[] {
  const { triggers, rules, routines } = world.facts.snapshot;
  const fromTriggers = triggers
    .filter((trigger) => dotted(trigger.relation) === dotted(relation) && trigger.enabled)
    .flatMap((trigger) => routines.filter(({ signature }) => signature === trigger.calls))
    .flatMap((routine) => namedIn(world, routine));
  const fromRules = rules
    .filter((rule) => dotted(rule.relation) === dotted(relation))
    .flatMap(({ touches }) => touches.map((name) => world.graph.relation(name)));
  const all = [...fromTriggers, ...fromRules].filter(
    (each): each is Relation => each !== undefined && each !== relation,
  );
  return [...new Set(all)].filter(({ kind }) => kind === "r" || kind === "p");
}

/** A statement that takes all rows of tenant B out of the given tables, for answers that must not depend on them. */
export function forgetB(world: World, relations: readonly Relation[]): Step {
  const statements = relations.flatMap((relation) => {
    const rows = world.book.of(world.graph.root(relation), "B");
    if (rows.length === 0) return [];
    const places = rows.map(({ place }) => quoteText(place)).join(", ");
    return [`delete from ${nameOf(world.graph.root(relation))} where tableoid::text || ctid::text in (${places})`];
  });
  return {
    sql: world.lab.run(statements.length === 0 ? "select 1" : statements.join("; ")),
    note: "as if tenant B had no rows: the answer must stay the same",
    alone: true,
  };
}

/** Tables of tenants, with rows of both. */
export function tenantTables(world: World): Relation[] {
  return world.book.pages.flatMap(({ relation, rows }) => (rows.some(({ owner }) => owner === "B") ? [relation] : []));
}
