/**
 * Which policies decide about a row, for a role and a command: permissive ones are alternatives, restrictive ones all hold, and USING stands in
 * where WITH CHECK is absent. Exactly as PostgreSQL does it; a policy without an expression for a side says nothing there.
 */
import type { Policy, Relation } from "@watertight/schema";
import type { Catalog } from "./catalog.ts";
import { type Predicate, readPredicate, readerOf } from "./reader.ts";
import type { Reader } from "./scope.ts";

/** A side of a command where policies stand. */
export interface Door {
  readonly command: "select" | "insert" | "update" | "delete";
  /** using: rows that are there. check: rows as they will be. */
  readonly side: "using" | "check";
}

/** All doors. */
export const doors: readonly Door[] = [
  { command: "select", side: "using" },
  { command: "insert", side: "check" },
  { command: "update", side: "using" },
  { command: "update", side: "check" },
  { command: "delete", side: "using" },
];

/** A policy at a door. `predicate` is null where its expression does not parse. */
export interface Guard {
  readonly policy: Policy;
  readonly predicate: Predicate | null;
  /** USING stands in for WITH CHECK. */
  readonly reused: boolean;
}

/** The policies at a door. */
export interface Guards {
  readonly permissive: readonly Guard[];
  readonly restrictive: readonly Guard[];
}

/** Finds guards; keeps what it read. */
export interface Policies {
  readonly reader: Reader;
  /** `rights` are the roles whose policies apply. */
  guards(relation: Relation, rights: ReadonlySet<string>, door: Door): Guards;
  /** Each expression of a policy, read; or those of some sides. */
  expressions(policy: Policy, sides?: readonly Door["side"][]): readonly Predicate[];
}

/** The policies of a catalog. */
export function policiesOf(catalog: Catalog): Policies {
  const reader = readerOf(catalog);
  const read = { using: new Map<Policy, Predicate | null>(), check: new Map<Policy, Predicate | null>() };
  const predicate = (policy: Policy, relation: Relation, side: "using" | "check"): Predicate | null => {
    const known = read[side].get(policy);
    if (known !== undefined) return known;
    const made = readPredicate(reader, relation, policy[side] ?? "");
    read[side].set(policy, made);
    return made;
  };
  const guard = (policy: Policy, relation: Relation, door: Door): Guard | null => {
    const reused = door.side === "check" && policy.check === null;
    const side = reused ? "using" : door.side;
    return policy[side] === null ? null : { policy, predicate: predicate(policy, relation, side), reused };
  };
  // rules ask for the same door again and again; the roles' rights are made once, so the list itself is the key
  const asked = new WeakMap<ReadonlySet<string>, Map<Relation, Map<string, Guards>>>();
  return {
    reader,
    guards(relation, rights, door) {
      const ofRights = asked.get(rights) ?? new Map<Relation, Map<string, Guards>>();
      asked.set(rights, ofRights);
      const known = ofRights.get(relation) ?? new Map<string, Guards>();
      ofRights.set(relation, known);
      const key = `${door.command} ${door.side}`;
      const before = known.get(key);
      if (before !== undefined) return before;
      const all = catalog
        .policies(relation)
        .filter(({ command }) => command === "all" || command === door.command)
        .filter(({ roles }) => roles.some((role) => role === "public" || rights.has(role)))
        .flatMap((policy) => guard(policy, relation, door) ?? []);
      const guards: Guards = {
        permissive: all.filter(({ policy }) => policy.permissive),
        restrictive: all.filter(({ policy }) => !policy.permissive),
      };
      known.set(key, guards);
      return guards;
    },
    expressions(policy, sides = ["using", "check"]) {
      const relation = catalog.relation(policy.relation.schema, policy.relation.name, []);
      if (relation === null) return [];
      return sides.flatMap((side) => (policy[side] === null ? [] : (predicate(policy, relation, side) ?? [])));
    },
  };
}
