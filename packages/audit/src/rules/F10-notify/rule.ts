/**
 * F10: a channel has no access list: every role that can connect may LISTEN, whatever tenant it works for, and hears each payload. A payload with
 * ids tells that something happened; a payload with the row tells all.
 */
import type { Routine } from "@watertight/schema";
import type { SyntaxNode } from "../../history/statement.ts";
import { objectKey } from "../../history/object-key.ts";
import { nameWords } from "../../understand/sql/parser.ts";
import { walkTree } from "../../parse/tree.ts";
import { bodyOf } from "../bodies/body.ts";
import { callsIn } from "../judge/calls.ts";
import { needsSql } from "../judge/sql-access.ts";
import { kitSchema } from "../judge/tenant-rows.ts";
import type { Rule } from "../rule.ts";

/** The rule. */
export const notify: Rule = {
  id: "F10",
  slug: "F10-notify",
  title: "NOTIFY tells every tenant",
  needs: "catalog",
  find: (facts) =>
    facts.snapshot.routines
      .filter(({ schema, extension }) => schema !== kitSchema && extension === null)
      .flatMap((routine) => {
        const payloads = payloadsOf(routine);
        if (payloads.length === 0) return [];
        const row = payloads.some(holdsRow);
        return {
          object: { kind: "function", schema: routine.schema, name: routine.name } as const,
          message: `${routine.name}() sends ${row ? "whole rows" : "a payload"} by NOTIFY: every role may LISTEN on every channel, so each tenant's SQL hears of every other tenant's changes.`,
          severity: row ? needsSql(facts, "medium") : ("info" as const),
          evidence: [
            routine.signature,
            "LISTEN needs no privilege",
            row ? "the payload is made from a row" : "the payload holds single values",
          ],
          keys: [objectKey.routine(routine.signature)],
          fix: "Send an id that tells nothing, and let the listener read the row under row security; or an outbox table with row security.",
          attackable: row,
        };
      }),
};

/** Second arguments of pg_notify; a NOTIFY statement has a constant, if anything. */
function payloadsOf(routine: Routine): SyntaxNode[] {
  const calls = callsIn(routine).filter(({ name }) => name === "pg_notify");
  const statements = bodyOf(routine).parts.filter(({ tree }) => tree.NotifyStmt !== undefined);
  return [
    ...calls.map(({ node }) => ((node.args ?? []) as SyntaxNode[])[1] ?? {}),
    ...statements.map(({ tree }) => tree),
  ];
}

/** row_to_json(NEW), NEW::text and the like, also inside jsonb_build_object(): a record as a whole, and not one of its fields. */
function holdsRow(payload: SyntaxNode): boolean {
  let found = false;
  walkTree(payload, (type, node) => {
    if (type === "ColumnRef") {
      const words = nameWords(node.fields as SyntaxNode[]);
      const first = words[0]?.toLowerCase();
      if (words.length === 1 && (first === "new" || first === "old" || /^(rec|row|r|payload|data)$/.test(first ?? "")))
        found = true;
    }
    if (type === "FuncCall" && /^(row_to_json|hstore)$/.test(nameWords(node.funcname as SyntaxNode[]).at(-1) ?? ""))
      found = true;
  });
  return found;
}
