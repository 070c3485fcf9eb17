/**
 * How much SQL one set may bring. A tree takes some twenty times the memory of its text, and a check has 500 MB: what is beyond is left out with
 * its reason, as a file that is too large is. Rows are no schema, so of a long INSERT only the first are kept.
 */
import type { ParsedStatement, SyntaxNode } from "../history/statement.ts";

/** Characters of statements whose trees are kept: 200,000 lines as migrations have them. */
export const MOST_TEXT: number = 8 * 1024 * 1024;
/** Most pieces of one file: the shortest statements cost more than their text. */
export const MOST_PIECES: number = 250_000;
/** From this length on, in characters, an INSERT is data. */
const LONG_INSERT = 64 * 1024;
const ROWS_KEPT = 20;
/** What is shown of a statement that was not parsed, in characters. */
export const SHOWN_TEXT: number = 2_000;

/** What a statement costs beside its text, in characters. */
const EACH = 64;

/** What is left for a set. */
export interface Budget {
  left: number;
}

/** Takes a statement off the budget, and the rows of a long INSERT out of its tree. */
export function spend(budget: Budget, { tree, text }: ParsedStatement): void {
  const select = (tree?.["InsertStmt"] as SyntaxNode | undefined)?.selectStmt?.SelectStmt as SyntaxNode | undefined;
  const rows = select?.valuesLists as SyntaxNode[] | undefined;
  if (rows !== undefined && text.length > LONG_INSERT) rows.length = Math.min(rows.length, ROWS_KEPT);
  budget.left -= EACH + (rows !== undefined && text.length > LONG_INSERT ? LONG_INSERT / 16 : text.length);
}
