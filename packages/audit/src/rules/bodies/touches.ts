/**
 * What a function does to tables when somebody calls it: its own statements, the invoker's functions that it calls, the views it reads, each
 * with the check that stands before it. A definer's work is done as its owner, so this is what the caller borrows.
 */
import type { Relation, Routine } from "@watertight/schema";
import type { SyntaxNode } from "../../history/statement.ts";
import { walkTree } from "../../parse/tree.ts";
import { graphOf } from "../judge/tenant-rows.ts";
import type { Facts } from "../rule.ts";
import { type AccessMode, accessesOf } from "./accesses.ts";
import { bodyOf } from "./body.ts";
import { type Brought, readsGiven, writesGiven } from "./brought.ts";
import {
  type CheckLevel,
  checkOfTree,
  type Known,
  readsContext,
  refusalOf,
  routineOf,
  stronger,
} from "./caller-check.ts";

/** One relation that a function touches. */
export interface Touch {
  readonly relation: Relation;
  readonly mode: AccessMode;
  /** The strongest check in its statement or before it. */
  readonly check: CheckLevel;
  /** The name is written without a schema. */
  readonly unqualified: boolean;
  /** Function of the invoker by which it came, if not its own. */
  readonly through: Routine | null;
  /** The statement. */
  readonly tree: SyntaxNode;
  /** It writes values that the caller chooses. */
  readonly chosen: boolean;
}

const deepest = 4;

// half a dozen rules ask the same of every definer's function
const touched = new WeakMap<Facts["understanding"], Map<Routine, readonly Touch[]>>();

/** All touches of a routine, in the order of its body. `known` are names that hold the context at its start. */
export function touchesOf(facts: Facts, routine: Routine, known?: Partial<Known>): readonly Touch[] {
  if (known !== undefined) return collect(facts, routine, "none", known, []);
  const answers = touched.get(facts.understanding) ?? new Map<Routine, readonly Touch[]>();
  touched.set(facts.understanding, answers);
  const before = answers.get(routine);
  if (before !== undefined) return before;
  const touches = collect(facts, routine, "none", {}, []);
  answers.set(routine, touches);
  return touches;
}

function collect(
  facts: Facts,
  routine: Routine,
  before: CheckLevel,
  start: Partial<Known>,
  stack: readonly Routine[],
): Touch[] {
  const graph = graphOf(facts);
  const path = searchPathOf(routine);
  const known = {
    context: new Set(start.context),
    checked: new Set(start.checked),
    brought: new Map<string, Brought>(start.brought),
  };
  const given = new Set(routine.argumentNames.filter((name) => name !== ""));
  const touches: Touch[] = [];
  let guard = before;
  for (const { kind, tree, into } of bodyOf(routine).parts) {
    const own = checkOfTree(facts, tree, known, routine);
    const check = stronger(guard, own);
    for (const { schema, name, mode } of accessesOf(tree)) {
      const relation = graph.find(schema, name, path);
      if (relation === undefined) continue;
      // a new row that is given the caller's own tenant needs no comparison
      const stands = mode === "insert" && readsContext(facts, tree, known, routine) ? "tenant" : check;
      touches.push({
        relation,
        mode,
        check: stronger(check, stands),
        unqualified: schema === undefined,
        through: null,
        tree,
        chosen: writesGiven(tree, routine, given),
      });
    }
    if (stack.length < deepest)
      for (const called of invokersIn(facts, tree))
        if (called !== routine && !stack.includes(called))
          for (const touch of collect(facts, called, check, {}, [...stack, routine]))
            touches.push({ ...touch, through: touch.through ?? called });
    // IF … THEN RAISE, PERFORM require_member(…): what follows runs only for those who passed
    if (kind === "condition" || (kind === "statement" && isBareCall(tree))) guard = stronger(guard, own);
    if (kind === "statement" || into.length > 0) guard = stronger(guard, refusalOf(facts, tree, routine));
    const names = kind === "statement" ? [...into, "found"] : into;
    if (kind !== "statement" && readsGiven(tree, routine, given)) for (const name of into) given.add(name);
    if (own === "secret" || own === "address") for (const name of names) known.brought.set(name, own);
    if (own === "tenant") for (const name of names) known.checked.add(name);
    else if (kind === "value" && readsContext(facts, tree, known, routine))
      for (const name of into) known.context.add(name);
    else if (kind === "statement" && !accessesOf(tree).length && readsContext(facts, tree, known, routine))
      for (const name of into) known.context.add(name);
  }
  return touches;
}

/** Functions that run with the rights of the one that calls them. */
function invokersIn(facts: Facts, tree: SyntaxNode): Routine[] {
  const found: Routine[] = [];
  walkTree(tree, (type, node) => {
    const called = type === "FuncCall" ? routineOf(facts, node) : undefined;
    if (called !== undefined && !called.securityDefiner) found.push(called);
  });
  return found;
}

/** SELECT f(…) or CALL f(…) without a table. */
function isBareCall(tree: SyntaxNode): boolean {
  const select = tree.SelectStmt as SyntaxNode | undefined;
  return tree.CallStmt !== undefined || (select !== undefined && select.fromClause === undefined);
}

/** The schemas in which a routine's names are looked up: its own setting, else the usual ones. */
export function searchPathOf({ settings, schema }: Routine): string[] {
  const own = settings.find((setting) => setting.startsWith("search_path="))?.slice("search_path=".length);
  if (own === undefined) return ["public", schema];
  return own.split(",").map((word) => word.trim().replaceAll(/^"|"$/g, ""));
}
