/**
 * A rule's fix is SQL, then perhaps words. The SQL in front is what can be written; words are for the person. Must never take half a statement.
 */
import { nodeType, parseStatements } from "../understand/sql/parser.ts";
import { split } from "../parse/split.ts";

/** A fix in two parts. */
export interface Advice {
  readonly statements: readonly { readonly sql: string; readonly type: string }[];
  /** What is not SQL. */
  readonly words: string;
}

// a placeholder for a name that nobody knows
const unfinished = /\u2026|\.\.\./;

/** Divides a fix. `loadParser()` must have run. */
export function splitAdvice(fix: string): Advice {
  const statements: { sql: string; type: string }[] = [];
  let taken = 0;
  for (const piece of split(fix)) {
    if (piece.kind !== "statement") continue;
    const sql = fix.slice(piece.start, piece.end).trim().replace(/;$/, "").trim();
    const trees = unfinished.test(sql) ? null : parseStatements(sql);
    const tree = trees?.length === 1 ? trees[0] : undefined;
    if (tree === undefined) break;
    statements.push({ sql, type: nodeType(tree) });
    taken = piece.end;
  }
  return {
    statements,
    words: fix
      .slice(taken)
      .replace(/^[;\s]+/, "")
      .replaceAll(/^-- ?/gm, ""),
  };
}
