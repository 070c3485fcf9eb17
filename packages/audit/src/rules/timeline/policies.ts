/**
 * The life of every policy as the statements tell it: made, renamed, dropped by name. What then is missing from the catalog went without being
 * named: with a column, a function, a type or a role.
 */
import type { QualifiedName } from "@watertight/schema";
import type { SyntaxNode } from "../../history/statement.ts";
import { nameWords } from "../../understand/sql/parser.ts";
import { finalName, type Moment } from "./timeline.ts";

/** A policy that was made and never dropped by name. */
export interface LivingPolicy {
  readonly name: string;
  readonly permissive: boolean;
  readonly made: Moment;
  /** The table's name at the end. */
  readonly table: QualifiedName;
}

/** The policies that should be there. */
export function livingPolicies(moments: readonly Moment[]): LivingPolicy[] {
  const living = new Map<
    string,
    { name: string; permissive: boolean; made: Moment; original: QualifiedName; at: number }
  >();
  const key = ({ schema, name }: QualifiedName, policy: string): string => JSON.stringify([schema, name, policy]);
  for (const moment of moments) {
    const { type, node, at } = moment;
    if (type === "CreatePolicyStmt") {
      const original = moment.name(node.table as SyntaxNode);
      const name = node.policy_name as string;
      if (original)
        living.set(key(original, name), { name, permissive: node.permissive === true, made: moment, original, at });
    } else if (type === "DropStmt" && node.removeType === "OBJECT_POLICY") {
      for (const object of node.objects as SyntaxNode[]) {
        const words = nameWords(object.List?.items as SyntaxNode[]);
        const table = moment.words(words.slice(0, -1));
        if (table) living.delete(key(table, words.at(-1) ?? ""));
      }
    } else if (type === "RenameStmt" && node.renameType === "OBJECT_POLICY") {
      const table = moment.name(node.relation as SyntaxNode);
      const known = table && living.get(key(table, node.subname as string));
      if (!table || !known) continue;
      living.delete(key(table, node.subname as string));
      living.set(key(table, node.newname as string), { ...known, name: node.newname as string });
    } else if (type === "RenameStmt" || type === "AlterObjectSchemaStmt") rekey(moment);
  }
  return [...living.values()].flatMap(({ original, at, ...policy }) => {
    const table = finalName(moments, original, at);
    return table === null ? [] : [{ ...policy, table }];
  });

  // a policy goes with its table, and later statements name the table anew
  function rekey(moment: Moment): void {
    for (const [old, policy] of living) {
      const now = finalName([moment], policy.original, moment.at - 1);
      if (now === null || key(now, policy.name) === old) continue;
      living.delete(old);
      living.set(key(now, policy.name), { ...policy, original: now, at: moment.at });
    }
  }
}
