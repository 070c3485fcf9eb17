/**
 * Triggers that the application can fire, and what of NEW and OLD may be trusted in them: the tenant of a table whose policies check it, keys of
 * the row, and columns of its foreign keys. Everything else in NEW is what the caller wrote.
 */
import type { Relation, Routine, Trigger } from "@watertight/schema";
import type { Known } from "../bodies/caller-check.ts";
import { isBound } from "../judge/row-access.ts";
import { graphOf, tenancyOf } from "../judge/tenant-rows.ts";
import type { Facts } from "../rule.ts";

/** A trigger with its table and its function. */
export interface Fired {
  readonly trigger: Trigger;
  readonly relation: Relation;
  readonly routine: Routine;
}

const fired = new WeakMap<Facts["reach"], readonly Fired[]>();

/** The enabled triggers of tables and views on which the application may give one of their commands. */
export function firedTriggers(facts: Facts): readonly Fired[] {
  const known = fired.get(facts.reach) ?? search(facts);
  fired.set(facts.reach, known);
  return known;
}

function search(facts: Facts): Fired[] {
  const routines = new Map(facts.snapshot.routines.map((routine) => [routine.signature, routine]));
  return facts.snapshot.triggers.flatMap((trigger): Fired[] => {
    const relation = graphOf(facts).relation(trigger.relation);
    const routine = routines.get(trigger.calls);
    if (!relation || !routine || !trigger.enabled) return [];
    const can = trigger.events.some((event) => facts.reach.can(event.toUpperCase(), relation));
    return can ? [{ trigger, relation, routine }] : [];
  });
}

/** Names of NEW and OLD that hold the caller's own tenant, or lead to a row that the caller's own row belongs to. */
export function trustedOf(facts: Facts, relation: Relation): Known {
  const tenancy = tenancyOf(facts, relation);
  const graph = graphOf(facts);
  const context = new Set<string>();
  if (isBound(facts, relation) && (tenancy.kind === "column" || tenancy.kind === "tenants"))
    for (const row of ["new", "old"]) context.add(`${row}.${tenancy.column}`);
  const keys = [...graph.primaryKey(relation), ...graph.foreignKeys(relation).flatMap(({ columns }) => columns)];
  // a foreign key to the tenants themselves says whose the row shall be, not whose it is
  const own = tenancy.kind === "column" ? tenancy.column : null;
  const checked = new Set(keys.flatMap((column) => (column === own ? [] : [`new.${column}`, `old.${column}`])));
  return { context, checked, brought: new Map() };
}
