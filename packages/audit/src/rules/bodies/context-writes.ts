/**
 * Statements of a body that set the context: set_config(…), SET, SET LOCAL on a setting by which policies learn the tenant. Tells a function that
 * gives the context back, and one whose whole purpose is to set it, from one that leaves another tenant's context behind.
 */
import type { Routine } from "@watertight/schema";
import type { SyntaxNode } from "../../history/statement.ts";
import { walkTree } from "../../parse/tree.ts";
import { nameWords, stringConstant } from "../../understand/sql/parser.ts";
import { graphOf, holdsTenantRows } from "../judge/tenant-rows.ts";
import type { Facts } from "../rule.ts";
import { accessesOf } from "./accesses.ts";
import { bodyOf } from "./body.ts";
import { isContextSetting, nothingKnown, readsContext } from "./caller-check.ts";
import { searchPathOf } from "./touches.ts";

/** A context that stays when the function has ended. */
export interface LeftContext {
  readonly setting: string;
  /** For the rest of the session, not only of the transaction. */
  readonly session: boolean;
  /** The value is an argument or comes from a loop over rows; otherwise it was looked up. */
  readonly chosen: boolean;
}

interface Write {
  readonly setting: string;
  readonly session: boolean;
  readonly value: SyntaxNode | undefined;
}

/** What a function leaves behind; null where it gives the context back, or does nothing after setting it. */
export function leftContext(facts: Facts, routine: Routine): LeftContext | null {
  const saved = new Set<string>();
  const arguments_ = new Set(routine.argumentNames.filter((name) => name !== ""));
  const rows = new Set<string>();
  let left: LeftContext | null = null;
  let worked = false;
  const path = searchPathOf(routine);
  for (const { kind, tree, into } of bodyOf(routine).parts) {
    if (kind === "value" && readsContext(facts, tree, undefined, routine)) for (const name of into) saved.add(name);
    if (kind === "statement" && accessesOf(tree).length > 0) for (const name of into) rows.add(name);
    for (const { setting, session, value } of contextWritesIn(facts, tree)) {
      const restores = value === undefined || readsContext(facts, value, { ...nothingKnown, context: saved }, routine);
      const names = columnNames(value);
      const chosen = names.some((name) => arguments_.has(name) || rows.has(name)) || hasParameter(value);
      // resetting to nothing leaves no tenant behind
      const empty = stringConstant(value) === "";
      left = restores || empty || (!session && kept(routine, setting)) ? null : { setting, session, chosen };
      worked = false;
    }
    if (left !== null && kind === "statement" && worksOnRows(facts, tree, path)) worked = true;
  }
  return worked ? left : null;
}

/** SET in the function's own definition gives back, at its end, what was set for the transaction. What was set for the session stays. */
function kept({ settings }: Routine, setting: string): boolean {
  return settings.some((each) => each.toLowerCase().startsWith(`${setting.toLowerCase()}=`));
}

function worksOnRows(facts: Facts, tree: SyntaxNode, path: readonly string[]): boolean {
  return accessesOf(tree).some(({ schema, name }) => {
    const relation = graphOf(facts).find(schema, name, path);
    return relation !== undefined && holdsTenantRows(facts, relation);
  });
}

/** The statements of a tree that set the context. */
export function contextWritesIn(facts: Facts, tree: SyntaxNode): Write[] {
  const found: Write[] = [];
  walkTree(tree, (type, node) => {
    if (type === "FuncCall" && nameWords(node.funcname as SyntaxNode[]).at(-1) === "set_config") {
      const [name, value, local] = (node.args ?? []) as (SyntaxNode | undefined)[];
      const setting = stringConstant(name);
      if (setting !== null && isContextSetting(facts, setting))
        found.push({ setting, session: local?.A_Const?.boolval?.boolval !== true, value });
    }
    if (type === "VariableSetStmt" && isContextSetting(facts, (node.name as string | undefined) ?? null))
      found.push({
        setting: node.name as string,
        session: node.is_local !== true,
        value: node.kind === "VAR_SET_VALUE" ? (node.args?.[0] as SyntaxNode | undefined) : undefined,
      });
  });
  return found;
}

function columnNames(value: SyntaxNode | undefined): string[] {
  const names: string[] = [];
  walkTree(value, (type, node) => {
    if (type === "ColumnRef") names.push(nameWords(node.fields as SyntaxNode[])[0] ?? "");
  });
  return names;
}

function hasParameter(value: SyntaxNode | undefined): boolean {
  return JSON.stringify(value ?? null).includes('"ParamRef"');
}
