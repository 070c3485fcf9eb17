/**
 * The events of a PL/pgSQL body that matter for the context, in the order in which they stand, with the blocks that catch exceptions. Branches are
 * laid flat; a loop counts once.
 */
import type { SyntaxNode } from "../../history/statement.ts";
import { parseStatements } from "../../understand/sql/parser.ts";
import { queryText } from "../predicate/read-plpgsql.ts";
import { type SettingStep, stepsOf } from "./settings.ts";

/** One event. `depth` is the number of blocks with an exception handler around it. */
export type BodyEvent =
  | { readonly kind: "setting"; readonly step: SettingStep; readonly depth: number }
  /** COMMIT or ROLLBACK. */
  | { readonly kind: "end"; readonly depth: number }
  /** A query or change of data. */
  | { readonly kind: "statement"; readonly depth: number }
  /** The statements of a block that catches are over; its handlers follow, each between caught and handled. */
  | { readonly kind: "tried"; readonly depth: number }
  /** A handler starts. Those that always raise again are left out. */
  | { readonly kind: "caught"; readonly depth: number }
  /** A handler is over; with `returns` it has left the function. */
  | { readonly kind: "handled"; readonly depth: number; readonly returns: boolean }
  /** The end of a block that catches. */
  | { readonly kind: "ended"; readonly depth: number };

/** The events of a function's tree. */
export function inOrder(tree: SyntaxNode): BodyEvent[] {
  const events: BodyEvent[] = [];
  const query = (text: string | undefined, depth: number): void => {
    for (const statement of parseStatements(text ?? "") ?? []) {
      const steps = stepsOf(statement);
      events.push(...steps.map((step): BodyEvent => ({ kind: "setting", step, depth })));
      if (steps.length === 0) events.push({ kind: "statement", depth });
    }
  };
  const visit = (node: unknown, depth: number): void => {
    if (Array.isArray(node)) return node.forEach((each) => visit(each, depth));
    if (node === null || typeof node !== "object") return;
    for (const [type, inner] of Object.entries(node as Record<string, SyntaxNode>)) {
      if (inner === null || typeof inner !== "object") continue;
      if (type === "PLpgSQL_stmt_block") {
        const handlers = inner.exceptions?.PLpgSQL_exception_block?.exc_list as SyntaxNode[] | undefined;
        visit(inner.body, depth + (handlers === undefined ? 0 : 1));
        if (handlers === undefined) continue;
        events.push({ kind: "tried", depth });
        for (const handler of handlers.filter((each) => !raises(each))) {
          events.push({ kind: "caught", depth });
          visit(handler, depth);
          events.push({ kind: "handled", depth, returns: returns(handler) });
        }
        events.push({ kind: "ended", depth });
      } else if (type === "PLpgSQL_stmt_commit" || type === "PLpgSQL_stmt_rollback")
        events.push({ kind: "end", depth });
      else if (type === "PLpgSQL_stmt_execsql") query(queryText(inner.sqlstmt as SyntaxNode), depth);
      else if (type === "PLpgSQL_stmt_perform" || type === "PLpgSQL_stmt_call")
        query(queryText(inner.expr as SyntaxNode), depth);
      else if (type === "PLpgSQL_stmt_return_query" || type === "PLpgSQL_stmt_fors") {
        query(queryText(inner.query as SyntaxNode), depth);
        visit(inner.body, depth);
      } else if (type === "PLpgSQL_stmt_return") {
        const text = queryText(inner.expr as SyntaxNode | undefined);
        if (text !== undefined && /\bselect\b/i.test(text)) query(`select ${text}`, depth);
      } else visit(inner, depth);
    }
  };
  visit(tree.action, 0);
  return events;
}

const actionOf = (handler: SyntaxNode): SyntaxNode[] => (handler.PLpgSQL_exception?.action ?? []) as SyntaxNode[];

/** The handler leaves the function, always. */
function returns(handler: SyntaxNode): boolean {
  return actionOf(handler).some((each) => each.PLpgSQL_stmt_return !== undefined);
}

/** The handler raises again, always: nothing goes on after it. */
function raises(handler: SyntaxNode): boolean {
  return actionOf(handler).some(
    (each) => ((each.PLpgSQL_stmt_raise?.elog_level as number | undefined) ?? (each.PLpgSQL_stmt_raise ? 21 : 0)) >= 21,
  );
}
