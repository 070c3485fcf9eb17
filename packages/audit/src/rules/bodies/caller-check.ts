/**
 * Whether code looks at who calls it: a comparison with the context (a setting, auth.uid(), a claim), directly or through variables and the
 * project's own functions. It tells a function that returns everything from one that filters by the tenant itself. It does not prove that the
 * filter is right, so what it finds lowers a severity and is named in the message; it must never silence a finding by itself.
 */
import type { Routine } from "@watertight/schema";
import type { SyntaxNode } from "../../history/statement.ts";
import { walkTree } from "../../parse/tree.ts";
import { platformSource } from "../../understand/meaning/source.ts";
import { nameWords, stringConstant } from "../../understand/sql/parser.ts";
import { graphOf } from "../judge/tenant-rows.ts";
import type { Facts } from "../rule.ts";
import { bodyOf } from "./body.ts";
import { type Brought, broughtBy } from "./brought.ts";

/**
 * none; address: an e-mail address that the caller gives; caller: only that somebody is signed in, or a fixed role; helper: a function of the project
 * that compares and may refuse; secret: a token, code or hash that the caller brings; tenant: rows are compared with the context.
 */
export type CheckLevel = "none" | "address" | "caller" | "helper" | "secret" | "tenant";

/** Names that hold something of the context: variables, and columns of the row that fired a trigger. */
export interface Known {
  /** The context itself. */
  readonly context: ReadonlySet<string>;
  /** What was found by comparing with it. */
  readonly checked: ReadonlySet<string>;
  /** What was found by something that the caller brought. */
  readonly brought: ReadonlyMap<string, Brought>;
}

/** Nothing is known yet. */
export const nothingKnown: Known = { context: new Set(), checked: new Set(), brought: new Map() };

const order: readonly CheckLevel[] = ["none", "address", "caller", "helper", "secret", "tenant"];

/** The stronger of two. */
export function stronger(one: CheckLevel, other: CheckLevel): CheckLevel {
  return order.indexOf(one) > order.indexOf(other) ? one : other;
}

const comparing = new Set(["=", "<>", "!=", "@>", "<@", "&&", "~~", "?", "?|", "?&", "<", ">", "<=", ">="]);
const comparisons = /^AEXPR_(OP|OP_ANY|OP_ALL|IN|DISTINCT|NOT_DISTINCT|LIKE)$/;

/** The check that a statement, condition or value holds. `routine` is whose body it is, if any: inside a definer current_user is the owner. */
export function checkOfTree(facts: Facts, tree: SyntaxNode, known: Known = nothingKnown, within?: Routine): CheckLevel {
  let level: CheckLevel = "none";
  const reads = (node: unknown): boolean => node !== undefined && readsContext(facts, node, known, within);
  walkTree(tree, (type, node) => {
    if (
      type === "A_Expr" &&
      comparisons.test(node.kind as string) &&
      comparing.has(nameWords(node.name).at(-1) ?? "")
    ) {
      level = stronger(level, compared(node.lexpr, node.rexpr));
      const operator = { kind: node.kind as string, name: nameWords(node.name).at(-1)! };
      if (within !== undefined)
        level = stronger(level, broughtBy(operator, [node.lexpr, node.rexpr], within) ?? "none");
    } else if (type === "SubLink" && node.testexpr && (reads(node.testexpr) || reads(node.subselect))) level = "tenant";
    else if (type === "NullTest" && reads(node.arg))
      level = stronger(level, holdsChecked(node.arg) ? "tenant" : "caller");
    else if (type === "ColumnRef" && holdsChecked({ ColumnRef: node })) level = "tenant";
    else if (type === "ColumnRef")
      level = stronger(level, known.brought.get(nameWords(node.fields as SyntaxNode[])[0] ?? "") ?? "none");
    else if (type === "FuncCall") {
      const called = routineOf(facts, node);
      if (called !== undefined && called !== within) level = stronger(level, checkOfRoutine(facts, called));
    }
  });
  return level;

  function compared(left: unknown, right: unknown): CheckLevel {
    const [first, second] = [reads(left), reads(right)];
    if (first === second) return "none";
    const other = (first ? right : left) as SyntaxNode | undefined;
    return stringConstant(other) !== null || other?.A_Const !== undefined ? "caller" : "tenant";
  }
  function holdsChecked(node: SyntaxNode): boolean {
    const words = nameWords(node.ColumnRef?.fields as SyntaxNode[] | undefined);
    return (words.length > 0 && known.checked.has(words.slice(0, 2).join("."))) || known.checked.has(words[0] ?? "");
  }
}

/** Whether a value comes from the context. */
export function readsContext(facts: Facts, tree: unknown, known: Known = nothingKnown, within?: Routine): boolean {
  let found = false;
  walkTree(tree, (type, node) => {
    if (found) return false;
    if (type === "FuncCall") found = isContextCall(facts, node, within);
    else if (type === "SQLValueFunction") found = namesRole(facts, node.op as string, within);
    else if (type === "ColumnRef") {
      const words = nameWords(node.fields as SyntaxNode[]);
      found = [words[0] ?? "", words.slice(0, 2).join(".")].some(
        (name) => known.context.has(name) || known.checked.has(name),
      );
    }
    return !found;
  });
  return found;
}

function namesRole({ understanding }: Facts, op: string, within: Routine | undefined): boolean {
  if (!understanding.context.some(({ kind }) => kind === "role")) return false;
  return op === "SVFOP_SESSION_USER" || within?.securityDefiner !== true;
}

function isContextCall(facts: Facts, node: SyntaxNode, within: Routine | undefined): boolean {
  const words = nameWords(node.funcname as SyntaxNode[]);
  const name = words.at(-1) ?? "";
  if (name === "current_setting")
    // any setting of the project: what no policy reads may still be compared with a column here (app.user_id)
    return stringConstant((node.args as SyntaxNode[] | undefined)?.[0])?.includes(".") === true;
  if (platformSource(words.length > 1 ? words.at(-2) : undefined, name) !== undefined) return true;
  const called = routineOf(facts, node);
  return called !== undefined && called !== within && valueOfContext(facts, called);
}

/** Whether a setting is one by which policies learn the tenant or user; where none is known, every setting of the project's own. */
export function isContextSetting({ understanding: { context } }: Facts, setting: string | null): boolean {
  if (setting === null || !setting.includes(".")) return false;
  const name = setting.toLowerCase();
  const known = context.flatMap((source) => ("setting" in source ? [source.setting.toLowerCase()] : []));
  return known.length === 0 || known.includes(name) || name.startsWith("request.jwt.claim");
}

// A function that calls itself asks again before it has answered.
const values = new WeakMap<Facts, Map<Routine, boolean>>();
const checks = new WeakMap<Facts, Map<Routine, CheckLevel>>();

function remembered<T>(
  all: WeakMap<Facts, Map<Routine, T>>,
  facts: Facts,
  routine: Routine,
  first: T,
  find: () => T,
): T {
  const known = all.get(facts) ?? new Map<Routine, T>();
  all.set(facts, known);
  const before = known.get(routine);
  if (before !== undefined) return before;
  known.set(routine, first);
  const found = find();
  known.set(routine, found);
  return found;
}

/** A function of the project whose value comes from the context: current_tenant(), my_organisations(). */
function valueOfContext(facts: Facts, routine: Routine): boolean {
  return remembered(values, facts, routine, false, () =>
    bodyOf(routine).parts.some(({ tree }) => readsContext(facts, tree, nothingKnown, routine)),
  );
}

/** A function of the project that itself compares something with the context: is_member(organisation), require_admin(). */
function checkOfRoutine(facts: Facts, routine: Routine): CheckLevel {
  return remembered(checks, facts, routine, "none", () =>
    bodyOf(routine).parts.reduce<CheckLevel>(
      (level, { tree }) => stronger(level, checkOfTree(facts, tree, nothingKnown, routine)),
      "none",
    ),
  );
}

/**
 * The check of helpers that a value or statement calls whatever happens, and that raise for who does not pass: `invitation := open_invitation(id)`.
 * What they check may be another thing than what follows, so they count less than a comparison that stands there.
 */
export function refusalOf(facts: Facts, tree: SyntaxNode, within: Routine): CheckLevel {
  let level: CheckLevel = "none";
  walkTree(tree, (type, node) => {
    // these may leave a call out
    if (/^(SubLink|CaseExpr|CoalesceExpr|BoolExpr|WhereClause|JoinExpr|RangeVar)$/.test(type)) return false;
    const called = type === "FuncCall" ? routineOf(facts, node) : undefined;
    if (called === undefined || called === within || !bodyOf(called).refuses) return true;
    const own = checkOfRoutine(facts, called);
    level = stronger(level, order.indexOf(own) > order.indexOf("helper") ? "helper" : own);
    return true;
  });
  return level;
}

/** The function of the project that a call means; among several of one name the one with as many arguments. */
export function routineOf(facts: Facts, call: SyntaxNode): Routine | undefined {
  const words = nameWords(call.funcname as SyntaxNode[]);
  const candidates = graphOf(facts).routines(words.length > 1 ? words.at(-2) : undefined, words.at(-1) ?? "");
  const count = ((call.args ?? []) as unknown[]).length;
  return candidates.find((each) => each.arguments.length === count) ?? candidates[0];
}
