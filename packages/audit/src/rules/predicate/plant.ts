/**
 * B11: a policy believes a row of another table, and the application's role may write exactly that row. Tries each row that an attacker could
 * put there, with another's value in some of its columns and their own in the rest, against the policies of both tables. Must never report what
 * leaks without the planted row: that is another rule's.
 */
import type { Policy, Relation } from "@watertight/schema";
import type { Facts } from "../rule.ts";
import { readsRows } from "./asks.ts";
import { type Court, courtOf, relationKey } from "./court.ts";
import { doors, type Door, type Guard } from "./effective.ts";
import { and, type Formula, type Way, waysOf } from "./formula.ts";
import { holds, placementAt, wayText } from "./leaks.ts";
import { type Term, visitTerms } from "./term.ts";
import { own, type Placement, type Scenario, written } from "./world.ts";

/** A row that can be planted. */
export interface Plant {
  /** The table in which the row is trusted, and how it gets there. */
  readonly trusted: Relation;
  readonly by: "insert" | "update";
  /** The policy that lets it in; null where row security is off or does not bind. */
  readonly through: Policy | null;
  /** What the write policy still asks. */
  readonly asks: string;
  /** Columns that carry another's value. */
  readonly columns: readonly string[];
  /** Whose rows it opens, at which door, through which policy. */
  readonly opens: Relation;
  readonly door: Door;
  readonly guard: Guard;
}

const most = 4;

/** Finds plants, each trusted table and write policy with every table that it opens. */
export function plantsOf(facts: Facts): readonly Plant[] {
  const court = courtOf(facts);
  const roles = facts.understanding.roles.filter(({ kind }) => kind === "tenant").map(({ name }) => name);
  const plants: Plant[] = [];
  for (const opens of facts.snapshot.relations) {
    const tenancy = court.catalog.tenancy(opens);
    if (!opens.rowSecurity || tenancy.kind === "global" || tenancy.kind === "unknown") continue;
    for (const role of roles)
      for (const door of doors) {
        if (tenancy.kind === "tenants" && door.side === "check") continue;
        if (!holds(court, role, opens, door.command.toUpperCase())) continue;
        for (const guard of court.policies.guards(opens, court.rights(role), door).permissive)
          plants.push(...plantsThrough(facts, court, { opens, role, door, guard }));
      }
  }
  return plants;
}

interface Target {
  readonly opens: Relation;
  readonly role: string;
  readonly door: Door;
  readonly guard: Guard;
}

function plantsThrough(facts: Facts, court: Court, target: Target): Plant[] {
  const { opens, role, door, guard } = target;
  if (guard.predicate === null) return [];
  const scenario: Scenario = { session: "open", role };
  const placement = placementAt(court, opens, door);
  const guards = court.policies.guards(opens, court.rights(role), door);
  const admitted = (planted?: readonly [Relation, Placement]): readonly Way[] => {
    const more = planted && { planted: new Map([[relationKey(planted[0]), [planted[1]]]]) };
    const floor = court.floor(guards, placement, scenario, more);
    if (floor.kind === "false") return [];
    return (waysOf(and(court.admits(guard, placement, scenario, more), floor)) ?? []).filter(sure);
  };
  if (admitted().length > 0) return [];
  // a floor that keeps the row out and looks into no table keeps it out whatever is planted
  const shut = ({ predicate }: Guard): boolean => predicate !== null && !readsRows(predicate);
  if (guards.restrictive.some((each) => shut(each) && court.admits(each, placement, scenario).kind === "false"))
    return [];
  return trustedTables(guard.predicate.term).flatMap(({ relation, columns }) => {
    const identities = columns.filter((column) => court.catalog.identifies(relation, column)).slice(0, most);
    for (const foreign of subsets(identities)) {
      const row = written(foreign);
      if (court.catalog.keys(relation).some((key) => key.every((column) => foreign.includes(column)))) continue;
      if (admitted([relation, row]).length === 0) continue;
      const way = waysIn(facts, court, relation, role, row, foreign);
      if (way !== null) return [{ trusted: relation, columns: foreign, opens, door, guard, ...way }];
    }
    return [];
  });
}

const sure = (way: Way): boolean => way.every(({ about }) => about !== "unknown");

/** Tables that an expression reads, functions included, with the columns that it looks at. */
function trustedTables(term: Term): { relation: Relation; columns: string[] }[] {
  const found = new Map<string, { relation: Relation; columns: Set<string> }>();
  visitTerms(term, true, (each) => {
    if (each.kind !== "column" || each.row.relation === null) return;
    const { relation } = each.row;
    const entry = found.get(relationKey(relation)) ?? { relation, columns: new Set<string>() };
    entry.columns.add(each.column);
    found.set(relationKey(relation), entry);
  });
  return [...found.values()].map(({ relation, columns }) => ({ relation, columns: [...columns] }));
}

/** Every choice of columns but the empty one, the smallest first. */
function subsets(columns: readonly string[]): string[][] {
  const all = columns.reduce<string[][]>((sets, column) => [...sets, ...sets.map((set) => [...set, column])], [[]]);
  return all.filter((set) => set.length > 0).sort((a, b) => a.length - b.length);
}

/** How the row gets into the table, if it does. */
function waysIn(
  facts: Facts,
  court: Court,
  relation: Relation,
  role: string,
  row: Placement,
  columns: readonly string[],
): Pick<Plant, "by" | "through" | "asks"> | null {
  if (relation.kind !== "r" && relation.kind !== "p") return null;
  const scenario: Scenario = { session: "open", role };
  const bound = relation.rowSecurity && !facts.reach.roleBypasses(role, relation);
  const at = (door: Door, placement: Placement): { through: Policy; formula: Formula } | null => {
    const guards = court.policies.guards(relation, court.rights(role), door);
    const floor = court.floor(guards, placement, scenario);
    for (const guard of guards.permissive) {
      const formula = and(court.admits(guard, placement, scenario), floor);
      if ((waysOf(formula) ?? []).some(sure)) return { through: guard.policy, formula };
    }
    return null;
  };
  const asks = (formula: Formula): string => {
    const [way] = (waysOf(formula) ?? []).filter(sure);
    return way === undefined ? "" : wayText(way);
  };
  if (holds(court, role, relation, "INSERT")) {
    if (!bound) return { by: "insert", through: null, asks: "row security does not stand in the way" };
    const found = at({ command: "insert", side: "check" }, row);
    if (found !== null) return { by: "insert", through: found.through, asks: asks(found.formula) };
  }
  if (columns.every((column) => holds(court, role, relation, "UPDATE", column))) {
    if (!bound) return { by: "update", through: null, asks: "row security does not stand in the way" };
    const before = at({ command: "update", side: "using" }, own);
    const after = at({ command: "update", side: "check" }, row);
    if (before !== null && after !== null) return { by: "update", through: after.through, asks: asks(after.formula) };
  }
  return null;
}
