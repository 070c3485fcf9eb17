/**
 * Functions by which a request of the application says who it is, where a bare setting would not do: the function signs the value, looks it up or
 * gives it another form, and policies believe only that. Must never choose a function that the application may not call.
 */
import { quoteQualified, quoteText, type Routine } from "@watertight/schema";
import { bodyOf } from "../../rules/bodies/body.ts";
import { contextWritesIn } from "../../rules/bodies/context-writes.ts";
import type { Facts } from "../../rules/rule.ts";
import { nameWords } from "../../understand/sql/parser.ts";
import type { SyntaxNode } from "../../history/statement.ts";

/** By setting: the statement that sets it for an id. */
export type Setters = ReadonlyMap<string, (id: string) => string>;

const whose = /tenant|org|company|account|workspace|team|user|customer|client/i;

/** The value as the caller gave it, cast or not: the setting alone would do the same. */
function isGiven(value: SyntaxNode | undefined, { argumentNames }: Routine): boolean {
  let node = value;
  while (node?.TypeCast !== undefined) node = node.TypeCast.arg as SyntaxNode | undefined;
  if (node?.ParamRef !== undefined || node?.A_Const !== undefined) return true;
  return argumentNames.includes(nameWords(node?.ColumnRef?.fields as SyntaxNode[] | undefined).at(-1) ?? " ");
}

/** The call with the id where the function wants it, and anything in its other arguments: what they prove is for the function to say. */
function callOf({ schema, name, arguments: types, argumentNames }: Routine, id: string): string {
  const named = argumentNames.findIndex((argument) => whose.test(argument));
  const at = Math.max(named, 0);
  const values = types.map((type, place) => {
    const value = place === at ? quoteText(id) : /^(text|character)/.test(type) ? quoteText("none") : "null";
    return `${value}::${type}`;
  });
  return `select ${quoteQualified(schema, name)}(${values.join(", ")})`;
}

/** Finds them. */
export function settersOf(facts: Facts): Setters {
  const found = new Map<string, (id: string) => string>();
  const settings = new Set(
    facts.understanding.context.flatMap((source) => (source.kind === "setting" ? [source.setting.toLowerCase()] : [])),
  );
  for (const routine of facts.snapshot.routines) {
    if (routine.kind !== "function" || routine.arguments.length === 0 || routine.schema === "watertight") continue;
    if (/^(trigger|event_trigger)$/.test(routine.returns) || !facts.reach.canCall(routine)) continue;
    for (const { tree } of bodyOf(routine).parts)
      for (const { setting, value } of contextWritesIn(facts, tree)) {
        const name = setting.toLowerCase();
        if (value !== undefined && settings.has(name) && !found.has(name) && !isGiven(value, routine))
          found.set(name, (id) => callOf(routine, id));
      }
  }
  return found;
}
