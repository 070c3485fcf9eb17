/**
 * The statement to blame for a finding: the rule's own word first, then the keys of the object, from the exact to the general.
 */
import type { History } from "../history/history.ts";
import { objectKey } from "../history/object-key.ts";
import type { Statement } from "../history/statement.ts";
import type { FindingObject, RuleFinding } from "../rules/rule.ts";

/** The statement, or undefined on a live database or for what no statement made. */
export function blame(
  finding: Pick<RuleFinding, "object" | "keys" | "table">,
  history: History | undefined,
): Statement | undefined {
  if (history === undefined) return undefined;
  const { keys = [], object, table } = finding;
  const all = [...keys, ...keysOf(object), ...(table === undefined ? [] : [objectKey.relation(table)])];
  for (const key of all) {
    // What made the table is to blame for what the table lacks; a later change of its owner is not.
    const statement = key.startsWith("relation ") ? history.all(key)[0] : history.origin(key);
    if (statement !== undefined) return statement;
  }
  return undefined;
}

/** Keys of an object, the exact ones first. */
function keysOf(object: FindingObject): string[] {
  const { kind, schema, name, part = "" } = object;
  const relation = { schema, name };
  const own = objectKey.relation(relation);
  switch (kind) {
    case "table":
      return [objectKey.rowSecurity(relation), own];
    case "policy":
      return [objectKey.policy(relation, part), own];
    case "trigger":
      return [objectKey.trigger(relation, part), own];
    case "constraint":
      return [objectKey.constraint(relation, part), own];
    case "rule":
      return [objectKey.rule(relation, part), own];
    case "column":
      return [objectKey.column(relation, part), own];
    case "index":
      return [objectKey.index({ schema, name: part === "" ? name : part }), own];
    case "function":
      return [objectKey.routine(name), objectKey.routine(`${schema}.${name}`), own];
    case "role":
      return [objectKey.role(name)];
    case "schema":
      return [objectKey.schema(name)];
    case "publication":
      return [objectKey.publication(name)];
    case "setting":
      return [objectKey.setting(part === "" ? null : part, name)];
    default:
      return [own, objectKey.other(kind, name)];
  }
}
