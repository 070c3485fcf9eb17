/**
 * Every way in which the policies of a table let a row through that is not the asker's, for each application role, command and state of the
 * session. Rules take their share by cause.ts. Must never report what hangs on something that could not be read.
 */
import type { Relation } from "@watertight/schema";
import { understoodTable } from "../judge/tenant-rows.ts";
import type { Facts } from "../rule.ts";
import { courtOf, type Court } from "./court.ts";
import { doors, type Door, type Guard } from "./effective.ts";
import { and, type Formula, not, type Way, waysOf, yes } from "./formula.ts";
import { readPredicate } from "./reader.ts";
import { foreign, type Placement, type SessionState, written } from "./world.ts";

/** One way through. */
export interface Leak {
  readonly relation: Relation;
  readonly role: string;
  readonly door: Door;
  readonly guard: Guard;
  readonly session: SessionState;
  /** What has to hold beside; empty for nothing. */
  readonly way: Way;
  /** Another permissive policy at this door keeps foreign rows out. */
  readonly othersGuard: boolean;
  /** The policy itself keeps foreign rows out at the door where rows are read. */
  readonly readsGuarded: boolean;
}

/** Leaks of a schema, and what could not be judged. */
export interface Leaks {
  readonly leaks: readonly Leak[];
  readonly unjudged: readonly { readonly relation: Relation; readonly guard: Guard; readonly why: string }[];
}

const found = new WeakMap<object, Leaks>();

/** Finds all leaks; computed once for the facts of a run. */
export function leaksOf(facts: Facts): Leaks {
  const known = found.get(facts.snapshot);
  if (known !== undefined) return known;
  const made = search(facts);
  found.set(facts.snapshot, made);
  return made;
}

/** Whether a role has a privilege on a relation, on the whole or, with `column`, on that column. */
export function holds(court: Court, role: string, relation: Relation, privilege: string, column?: string): boolean {
  const rights = court.rights(role);
  const own = (grants: Relation["acl"]): boolean =>
    grants.some((grant) => grant.privilege === privilege && (grant.role === "public" || rights.has(grant.role)));
  return (
    own(relation.acl) ||
    relation.columns.some((each) => (column === undefined || each.name === column) && own(each.acl))
  );
}

function search(facts: Facts): Leaks {
  const court = courtOf(facts);
  const leaks: Leak[] = [];
  const unjudged: Leaks["unjudged"][number][] = [];
  const roles = facts.understanding.roles.filter(({ kind }) => kind !== "service");
  for (const relation of facts.snapshot.relations) {
    const { kind } = court.catalog.tenancy(relation);
    if ((relation.kind !== "r" && relation.kind !== "p") || !relation.rowSecurity) continue;
    if (kind === "global" || kind === "unknown") continue;
    // files are told apart by paths and buckets as well as by their owner: storage-files.ts
    if (relation.schema === "storage" && relation.name === "objects") continue;
    for (const { name: role, kind: who } of roles)
      for (const door of doors) {
        // who makes a tenant makes a new one
        if (kind === "tenants" && door.side === "check") continue;
        if (!holds(court, role, relation, door.command.toUpperCase())) continue;
        if (door.command === "update" && door.side === "check" && !mayMove(court, role, relation)) continue;
        const states: readonly SessionState[] = who === "anonymous" ? ["unset"] : ["open", "unset", "empty"];
        const asked = { facts, court, relation, role, door };
        const open = waysAt(asked, states[0]!, unjudged);
        leaks.push(...open);
        for (const state of states.slice(1))
          leaks.push(
            ...waysAt(asked, state, []).filter(
              (leak) => !open.some((each) => each.guard.policy === leak.guard.policy && covers(each.way, leak.way)),
            ),
          );
      }
  }
  return { leaks, unjudged };
}

function mayMove(court: Court, role: string, relation: Relation): boolean {
  return court.catalog.tenantColumns(relation).some((column) => holds(court, role, relation, "UPDATE", column));
}

function covers(one: Way, other: Way): boolean {
  return one.every((literal) =>
    other.some(({ text, negated }) => text === literal.text && negated === literal.negated),
  );
}

interface Asked {
  readonly facts: Facts;
  readonly court: Court;
  readonly relation: Relation;
  readonly role: string;
  readonly door: Door;
}

/** Where the judged row lies: another's, or a new one that carries another's tenant. */
export function placementAt(court: Court, relation: Relation, door: Door): Placement {
  return door.side === "using" ? foreign : written(court.catalog.tenantColumns(relation));
}

function waysAt(asked: Asked, session: SessionState, unjudged: Leaks["unjudged"][number][]): Leak[] {
  const { court, relation, role, door } = asked;
  const scenario = { session, role };
  const placement = placementAt(court, relation, door);
  const guards = court.policies.guards(relation, court.rights(role), door);
  const floor = and(court.floor(guards, placement, scenario), notPublic(asked, placement, session));
  // whatever the others let through
  if (floor.kind === "false") return [];
  const open = { session: "open", role } as const;
  const keepsOut = (guard: Guard): boolean => waysOf(court.admits(guard, placement, open))?.length === 0;
  return guards.permissive.flatMap((guard) => {
    const ways = waysOf(and(court.admits(guard, placement, scenario), floor));
    if (ways === null) {
      unjudged.push({ relation, guard, why: "it has too many cases" });
      return [];
    }
    if (ways.some((way) => way.some(({ about }) => about === "unknown")))
      unjudged.push({ relation, guard, why: ways.flat().find(({ about }) => about === "unknown")!.text });
    const reads = court.policies
      .guards(relation, court.rights(role), { command: "select", side: "using" })
      .permissive.find(({ policy }) => policy === guard.policy);
    return ways
      .filter((way) => way.every(({ about }) => about !== "unknown"))
      .map((way) => ({
        relation,
        role,
        door,
        guard,
        session,
        way,
        othersGuard: guards.permissive.some((other) => other !== guard && keepsOut(other)),
        readsGuarded: reads !== undefined && waysOf(court.admits(reads, foreign, open))?.length === 0,
      }));
  });
}

/** Rows that the owner declared public are nobody's secret. */
function notPublic(
  { facts, court, relation, role, door }: Asked,
  placement: Placement,
  session: SessionState,
): Formula {
  if (door.command !== "select") return yes;
  const declared = understoodTable(facts, relation)?.publicRows;
  if (declared === null || declared === undefined) return yes;
  const predicate = readPredicate(court.policies.reader, relation, declared);
  if (predicate === null) return yes;
  const { t } = court.judge.truth(predicate.term, {
    scenario: { session, role },
    judged: predicate.row,
    placements: new Map([[predicate.row, placement]]),
    planted: new Map(),
    stack: [],
  });
  return not(t);
}

/** A way in words. */
export function wayText(way: Way): string {
  if (way.length === 0) return "nothing else is asked";
  return way.map(({ text, negated }) => (negated ? `not (${text})` : text)).join(" and ");
}
