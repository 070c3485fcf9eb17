/**
 * What a view shows of tenants' rows to those who may read it: the tables behind it, nested views followed, each with the role as which
 * PostgreSQL reads it. A view with security_invoker inside of one without is read as the caller, not as the outer owner (seen on 15 and 18).
 */
import type { Relation } from "@watertight/schema";
import { dotted } from "../../understand/schema/graph.ts";
import { parseStatements } from "../../understand/sql/parser.ts";
import { type CheckLevel, checkOfTree, stronger } from "../bodies/caller-check.ts";
import { graphOf } from "../judge/tenant-rows.ts";
import type { Facts } from "../rule.ts";
import { type Exposure, exposureTo } from "./exposure.ts";

/** A table behind a view whose rows of all tenants its role sees. */
export interface ExposedTable {
  readonly table: Relation;
  /** The view's owner, or that of a view inside of it. */
  readonly role: string;
  readonly exposure: Exposure;
  /** Whether the views on the way compare rows with the context themselves. */
  readonly check: CheckLevel;
}

/** Whether the caller's own rights and policies count in a view. */
export function isInvokerView({ options }: Relation): boolean {
  return hasOption(options, "security_invoker");
}

/** Whether its conditions go before those of the caller. */
export function isBarrierView({ options }: Relation): boolean {
  return hasOption(options, "security_barrier");
}

function hasOption(options: readonly string[], name: string): boolean {
  return options.some((option) => new RegExp(`^${name}=(true|on|1|yes)$`, "i").test(option));
}

/** The tables that lie open behind a view or materialized view. */
export function exposedBehind(facts: Facts, view: Relation): ExposedTable[] {
  return follow(facts, view, "none", new Set());
}

function follow(facts: Facts, view: Relation, before: CheckLevel, seen: Set<Relation>): ExposedTable[] {
  if (seen.has(view) || (view.kind === "v" && isInvokerView(view))) return [];
  seen.add(view);
  const check = stronger(before, checkOfView(facts, view));
  return view.reads.flatMap((name): ExposedTable[] => {
    const relation = graphOf(facts).relation(name);
    if (relation === undefined || dotted(relation) === dotted(view)) return [];
    if (relation.kind === "v" || relation.kind === "m") return follow(facts, relation, check, seen);
    const exposure = exposureTo(facts, view.owner, relation);
    return exposure === null ? [] : [{ table: relation, role: view.owner, exposure, check }];
  });
}

/** The check in a view's own text. */
function checkOfView(facts: Facts, { definition }: Relation): CheckLevel {
  const [tree] = definition === null ? [] : (parseStatements(definition) ?? []);
  return tree === undefined ? "none" : checkOfTree(facts, tree);
}
