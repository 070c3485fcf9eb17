/**
 * Which rule a leak belongs to: the most exact one, and only one, so that one hole is one finding. Must never give a leak to nobody unless
 * another family names it (A9: a policy of another role, A10: a floor that is too narrow).
 */
import type { Facts, Severity } from "../rule.ts";
import { said } from "../exposure/words.ts";
import { failingAt } from "./as-caller.ts";
import { courtOf, type Court } from "./court.ts";
import { waysOf } from "./formula.ts";
import { isDirectory } from "./directory.ts";
import { holds, type Leak, leaksOf } from "./leaks.ts";
import { sourceOf } from "./depend.ts";
import { visitTerms } from "./term.ts";
import { foreign } from "./world.ts";

/** Rules that leaks are divided among. */
export type Cause =
  | "B1"
  | "B2"
  | "B3"
  | "B4"
  | "B5"
  | "B6"
  | "B7"
  | "B8"
  | "B10"
  | "B12"
  | "B13"
  | "B14"
  | "B21"
  | "B23";

/** A leak with its rule. */
export interface CausedLeak extends Leak {
  readonly cause: Cause;
  readonly severity: Severity;
  /** Why every such statement fails today, whatever the policy lets through; null where none does. */
  readonly fails: string | null;
}

const divided = new WeakMap<object, readonly CausedLeak[]>();

/** All leaks, each with its cause. */
export function causedLeaks(facts: Facts): readonly CausedLeak[] {
  const known = divided.get(facts.snapshot);
  if (known !== undefined) return known;
  const court = courtOf(facts);
  const { leaks } = leaksOf(facts);
  const made = leaks.flatMap((leak): CausedLeak[] => {
    if (otherFamily(facts, court, leak) || (leak.door.side === "check" && repeatsReading(leaks, leak))) return [];
    const [cause, severity] = causeOf(facts, court, leak, leaks);
    const failing = failingAt(facts, leak.role, leak.relation, leak.door);
    if (failing === null) return [{ ...leak, cause, severity, fails: null }];
    const { policy, table } = failing;
    const fails = `every ${leak.door.command.toUpperCase()} of ${leak.role} fails today: policy ${policy.name} reads ${said(table)}, which it may not (42501)`;
    return [{ ...leak, cause, severity: severity === "low" ? severity : "medium", fails }];
  });
  divided.set(facts.snapshot, made);
  return made;
}

/** A9: the policy names a role that the application only inherits. A10: a floor holds elsewhere on the table, not here. */
function otherFamily({ understanding }: Facts, court: Court, leak: Leak): boolean {
  const { guard, relation, role, door } = leak;
  const named = guard.policy.roles;
  const own = understanding.roles.some(({ name, login }) => named.includes(name) || named.includes(login));
  if (!named.includes("public") && !own) return true;
  if (mentionsTenant(court, leak)) return false;
  const open = { session: "open", role } as const;
  // a floor that was meant for this door and is too wide is no gap between floors
  const here = court.policies.guards(relation, court.rights(role), door).restrictive;
  if (here.some((each) => mentionsTenant(court, { relation, guard: each }))) return false;
  return court.catalog
    .policies(relation)
    .filter(({ permissive }) => !permissive)
    .some((policy) => {
      if (here.some((each) => each.policy === policy)) return false;
      return court.policies
        .expressions(policy)
        .some((predicate) => waysOf(court.admits({ policy, predicate, reused: false }, foreign, open))?.length === 0);
    });
}

/** WITH CHECK leaks because USING does: said once, at USING. */
function repeatsReading(leaks: readonly Leak[], leak: Leak): boolean {
  return leaks.some(
    (other) =>
      other.guard.policy === leak.guard.policy &&
      other.door.side === "using" &&
      other.role === leak.role &&
      other.session === leak.session &&
      other.way.every((literal) =>
        leak.way.some(({ text, negated }) => text === literal.text && negated === literal.negated),
      ),
  );
}

const privileged = /admin|staff|super|support|operator|internal|employee|moderator|backoffice/i;
const publicWords = /publi[ck]|everyone|anyone|anybody|all users|world|open to all|anonym/i;
const publicFlag =
  /publi[ck]|publish|shared|visib|listed|template|global|featured|preview|demo|sample|catalog|system|default/i;

function causeOf(facts: Facts, court: Court, leak: Leak, leaks: readonly Leak[]): readonly [Cause, Severity] {
  const { door, way, guard, session, relation } = leak;
  const about = new Set(way.map((literal) => literal.about));
  const only = (...kinds: string[]): boolean => way.length > 0 && way.every((literal) => kinds.includes(literal.about));
  const tenancy = court.catalog.tenancy(relation);
  const listsTenants = tenancy.kind === "tenants" && door.command === "select";
  const bad: Severity = listsTenants ? "medium" : "critical";
  // a schema called public makes nothing public
  const text = way.map((literal) => literal.text.replaceAll(/\b\w*public\w*\./gi, "")).join(" ");
  const asks = asksSession(guard);

  if (about.has("empty tenant")) return ["B5", defaultsToEmpty(court, leak) ? "high" : "low"];
  if (session !== "open" && asks) {
    const rowsOfNobody = only("no tenant") || about.has("literal");
    return ["B3", rowsOfNobody ? "medium" : bad];
  }
  if (about.has("user claim")) return ["B12", "critical"];
  if (about.has("setting")) return ["B4", "high"];
  if (about.has("inexact")) return ["B14", ofFixedForm(court, leak) && /(~|\blike\b)/.test(text) ? "medium" : "high"];
  if (about.has("literal")) return ["B23", sharedLiteral(text) && door.command === "select" ? "low" : "high"];
  if (only("no tenant")) return ["B21", door.command === "select" ? "low" : "medium"];
  if (door.side === "check") {
    const severity = about.has("own row") || (only("claim") && privileged.test(text)) ? "medium" : "high";
    return [door.command === "insert" ? "B8" : "B6", severity];
  }
  if (about.has("self") && guard.predicate?.term.kind !== undefined && selfInside(leak)) return ["B10", bad];
  if (only("claim", "person row", "own row", "role") && privileged.test(text)) return ["B13", "low"];
  if (only("row") && publicFlag.test(text) && door.command === "select") return ["B21", "low"];
  if (guard.policy.command === door.command && door.command !== "select" && !readsLeak(leaks, leak))
    return ["B7", "critical"];
  if (way.length === 0 && !asks && door.command === "select") {
    const mayRead = (column: string): boolean => holds(court, leak.role, relation, "SELECT", column);
    if (publicWords.test(guard.policy.name) || isDirectory(facts, relation, mayRead)) return ["B21", "medium"];
  }
  const partial: Severity = about.has("row") ? (listsTenants ? "medium" : "high") : bad;
  if (mentionsTenant(court, leak)) return ["B2", partial];
  if (leak.othersGuard) return ["B1", partial];
  return [asks || about.size > 0 ? "B13" : "B2", partial];
}

/** The self-comparison stands in a sub-select: a name was captured there. */
function selfInside({ way, guard }: Leak): boolean {
  const outer = `${guard.predicate?.row.alias}.`;
  return way.some((literal) => literal.about === "self" && !literal.text.startsWith(outer));
}

function readsLeak(leaks: readonly Leak[], { relation, role, session }: Leak): boolean {
  return leaks.some(
    (each) =>
      each.relation === relation && each.role === role && each.session === session && each.door.command === "select",
  );
}

/** Whether the policy asks who is asking. */
function asksSession({ predicate }: Leak["guard"]): boolean {
  let asks = false;
  if (predicate !== null) visitTerms(predicate.term, true, (term) => void (asks ||= sourceOf(term) !== null));
  return asks;
}

/** Whether the policy compares what says whose the row is with anything but itself or a literal. */
function mentionsTenant(court: Court, { guard, relation }: Pick<Leak, "guard" | "relation">): boolean {
  const { predicate } = guard;
  if (predicate === null) return false;
  const columns = court.catalog.tenantColumns(relation);
  let mentions = false;
  visitTerms(predicate.term, false, (term) => {
    mentions ||= term.kind === "column" && term.row === predicate.row && columns.includes(term.column);
  });
  return mentions;
}

function sharedLiteral(text: string): boolean {
  return /00000000-0000-0000-0000-0000000000|[= ]'?[01]'?$|'(system|global|public|shared|default|\*)'/i.test(text);
}

/** A pattern over whole uuids or numbers matches others only where the context holds a pattern. */
function ofFixedForm(court: Court, { relation }: Leak): boolean {
  return court.catalog
    .tenantColumns(relation)
    .every((column) => /^(uuid|smallint|integer|bigint)$/.test(court.catalog.column(relation, column)?.baseType ?? ""));
}

function defaultsToEmpty(court: Court, { relation }: Leak): boolean {
  return court.catalog
    .tenantColumns(relation)
    .some((column) => court.catalog.column(relation, column)?.default?.startsWith("''") === true);
}
