/**
 * What functions do to the settings of a session: which setting, for how long. Must never take a setting for the context only because of its name:
 * it is the one that policies read.
 */
import type { Routine } from "@watertight/schema";
import type { SyntaxNode } from "../../history/statement.ts";
import { walkTree } from "../../parse/tree.ts";
import { nameWords, stringConstant } from "../../understand/sql/parser.ts";
import { bodyOf } from "../bodies/body.ts";
import { kitSchema } from "../judge/tenant-rows.ts";
import type { Facts } from "../rule.ts";

/** One setting made by a body. */
export interface SettingStep {
  /** Null where it is computed. */
  readonly name: string | null;
  readonly scope: "session" | "transaction";
  readonly by: "set_config" | "SET";
  /** It takes the tenant away: the empty text, or null. */
  readonly clears: boolean;
}

/** The settings that a tree makes, in order. */
export function stepsOf(tree: unknown): SettingStep[] {
  const steps: SettingStep[] = [];
  walkTree(tree, (type, node) => {
    if (type === "FuncCall" && nameWords(node.funcname as SyntaxNode[]).at(-1) === "set_config") {
      const [name, value, local] = (node.args ?? []) as SyntaxNode[];
      steps.push({
        name: stringConstant(name),
        scope: isTrue(local) ? "transaction" : "session",
        by: "set_config",
        clears: isNothing(value),
      });
    }
    if (type === "VariableSetStmt" && /^VAR_SET_(VALUE|MULTI)$/.test(node.kind as string)) {
      const [value] = (node.args ?? []) as SyntaxNode[];
      const scope = node.is_local === true ? "transaction" : "session";
      steps.push({ name: String(node.name), scope, by: "SET", clears: isNothing(value) });
    }
  });
  return steps;
}

/** execute format('set app.tenant_id = %L', tenant): the words are there, only the value is not. */
function dynamicSteps(tree: unknown): SettingStep[] {
  const steps: SettingStep[] = [];
  walkTree(tree, (type, node) => {
    const text = type === "A_Const" ? stringConstant({ A_Const: node }) : null;
    const [, local, name, value = ""] =
      /^\s*set\s+(local\s+|session\s+)?([\w.]+)\s*(?:=|to\b)\s*(.*)$/is.exec(text ?? "") ?? [];
    if (name !== undefined)
      steps.push({
        name,
        scope: /^local/i.test(local ?? "") ? "transaction" : "session",
        by: "SET",
        clears: /^(''|default)\s*;?\s*$/i.test(value),
      });
  });
  return steps;
}

function isNothing(value: SyntaxNode | undefined): boolean {
  if (value?.TypeCast) return isNothing(value.TypeCast.arg as SyntaxNode);
  return stringConstant(value) === "" || value?.A_Const?.isnull === true;
}

function isTrue(node: SyntaxNode | undefined): boolean {
  if (node?.TypeCast) return isTrue(node.TypeCast.arg as SyntaxNode) || /^t/i.test(stringConstant(node) ?? "");
  return node?.A_Const?.boolval?.boolval === true;
}

/** The settings from which policies learn who asks. */
export function contextSettings({ understanding }: Facts): ReadonlySet<string> {
  return new Set(
    understanding.context.flatMap((source) =>
      source.kind === "setting" || source.kind === "claims" ? [source.setting.toLowerCase()] : [],
    ),
  );
}

/** A function of the project that the application can run, and what it does to settings. */
export interface SettingFunction {
  readonly routine: Routine;
  readonly steps: readonly SettingStep[];
}

/** Functions that make a setting of the context (or the role), and that the application can call or that a trigger calls for it. */
export function settingFunctions(facts: Facts): SettingFunction[] {
  const context = contextSettings(facts);
  const fired = new Set(facts.snapshot.triggers.map(({ calls }) => calls));
  return facts.snapshot.routines.flatMap((routine) => {
    if (routine.schema === kitSchema || routine.extension !== null) return [];
    if (!facts.reach.canCall(routine) && !fired.has(routine.signature)) return [];
    const steps = bodyOf(routine)
      .parts.flatMap(({ kind, tree }) => (kind === "dynamic" ? dynamicSteps(tree) : stepsOf(tree)))
      .filter(({ name }) => name !== null && context.has(name.toLowerCase()));
    return steps.length === 0 ? [] : [{ routine, steps }];
  });
}
