/**
 * Whose tenant an INSERT gives to its new rows: the caller's, or one that the row which fired a trigger names. Only what stands in VALUES or in
 * the select list of the statement itself is looked at.
 */
import type { Relation, Routine } from "@watertight/schema";
import type { SyntaxNode } from "../../history/statement.ts";
import { walkTree } from "../../parse/tree.ts";
import { nameWords } from "../../understand/sql/parser.ts";
import { tenantColumn } from "../judge/tenant-rows.ts";
import type { Facts } from "../rule.ts";
import { type Known, readsContext } from "./caller-check.ts";

/** own: from the context; new: a column of NEW that nobody checks; other: something else, or not set at all. */
export type Planted = { readonly from: "own" | "other" } | { readonly from: "new"; readonly column: string };

/** Looks at one INSERT into a table. */
export function plantedTenant(
  facts: Facts,
  tree: SyntaxNode,
  target: Relation,
  known: Known,
  within?: Routine,
): Planted {
  const value = tenantValue(facts, tree, target);
  if (value === undefined) return { from: "other" };
  if (readsContext(facts, value, known, within)) return { from: "own" };
  const column = newColumn(value);
  return column === null ? { from: "other" } : { from: "new", column };
}

function tenantValue(facts: Facts, tree: SyntaxNode, target: Relation): SyntaxNode | undefined {
  const insert = tree.InsertStmt as SyntaxNode | undefined;
  const tenant = tenantColumn(facts, target);
  if (insert === undefined || tenant === null) return undefined;
  const listed = (insert.cols as SyntaxNode[] | undefined)?.map((each) => each.ResTarget?.name as string);
  const at = (listed ?? target.columns.map(({ name }) => name)).indexOf(tenant);
  const select = insert.selectStmt?.SelectStmt as SyntaxNode | undefined;
  const rows = select?.valuesLists as SyntaxNode[] | undefined;
  if (rows !== undefined) return rows[0]?.List?.items?.[at] as SyntaxNode | undefined;
  return select?.targetList?.[at]?.ResTarget?.val as SyntaxNode | undefined;
}

function newColumn(value: SyntaxNode): string | null {
  let column: string | null = null;
  walkTree(value, (type, node) => {
    const words = type === "ColumnRef" ? nameWords(node.fields as SyntaxNode[]) : [];
    if (words[0] === "new" && words[1] !== undefined) column ??= words[1];
  });
  return column;
}
