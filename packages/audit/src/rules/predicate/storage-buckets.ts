/**
 * Which of Supabase's buckets the migrations make public or private. Must never guess: a bucket that the dashboard made is in no migration and
 * not in the answer.
 */
import type { SyntaxNode } from "../../history/statement.ts";
import { nameWords, stringConstant } from "../../understand/sql/parser.ts";
import { walkTree } from "../../parse/tree.ts";
import type { Facts } from "../rule.ts";

/** Buckets by id, the last statement wins. */
export function publicBuckets({ history }: Facts): ReadonlyMap<string, boolean> {
  const found = new Map<string, boolean>();
  for (const { tree } of history?.statements ?? []) {
    const insert = tree?.InsertStmt as SyntaxNode | undefined;
    const update = tree?.UpdateStmt as SyntaxNode | undefined;
    if (isBuckets(insert)) inserted(insert!, found);
    if (isBuckets(update)) updated(update!, found);
  }
  return found;
}

const isBuckets = (statement: SyntaxNode | undefined): boolean =>
  statement?.relation?.schemaname === "storage" && statement.relation.relname === "buckets";

function inserted(insert: SyntaxNode, found: Map<string, boolean>): void {
  const names = ((insert.cols ?? []) as SyntaxNode[]).map((each) => each.ResTarget?.name as string);
  const select = insert.selectStmt?.SelectStmt as SyntaxNode | undefined;
  const listed = (select?.valuesLists as SyntaxNode[] | undefined)?.map((row) => row.List?.items as SyntaxNode[]);
  const rows = listed ?? [
    ((select?.targetList ?? []) as SyntaxNode[]).map((each) => each.ResTarget?.val as SyntaxNode),
  ];
  for (const row of rows) {
    const id = stringConstant(row[names.indexOf("id")]);
    if (id !== null) found.set(id, isTrue(row[names.indexOf("public")]));
  }
}

function updated(update: SyntaxNode, found: Map<string, boolean>): void {
  const set = ((update.targetList ?? []) as SyntaxNode[]).find((each) => each.ResTarget?.name === "public")?.ResTarget;
  if (set === undefined) return;
  walkTree(update.whereClause, (type, node) => {
    if (type !== "A_Expr" || nameWords(node.name as SyntaxNode[]).at(-1) !== "=") return;
    const id = stringConstant(node.rexpr as SyntaxNode | undefined);
    if (id !== null) found.set(id, isTrue(set.val as SyntaxNode));
  });
}

const isTrue = (node: SyntaxNode | undefined): boolean =>
  node?.A_Const?.boolval?.boolval === true || /^(t|true)$/.test(stringConstant(node) ?? "");
