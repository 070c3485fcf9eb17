/**
 * The relations that a statement names, and what it does with each. Names of WITH queries are no relations. Says nothing of what the
 * functions and views in it touch in their turn.
 */
import type { SyntaxNode } from "../../history/statement.ts";
import { walkTree } from "../../parse/tree.ts";

/** What is done with a relation. */
export type AccessMode = "read" | "insert" | "update" | "delete" | "truncate";

/** One relation in one statement. */
export interface Access {
  /** As written; undefined without one. */
  readonly schema: string | undefined;
  readonly name: string;
  readonly mode: AccessMode;
}

const writes: Readonly<Record<string, readonly AccessMode[]>> = {
  InsertStmt: ["insert"],
  UpdateStmt: ["update"],
  DeleteStmt: ["delete"],
  MergeStmt: ["insert", "update", "delete"],
};

/** All accesses of a statement or expression. */
export function accessesOf(tree: SyntaxNode): Access[] {
  const found: Access[] = [];
  const targets = new Map<unknown, readonly AccessMode[]>();
  const queries = new Set<string>();
  const see = (node: SyntaxNode, modes: readonly AccessMode[]): void => {
    const schema = node.schemaname as string | undefined;
    const name = node.relname as string;
    if (schema !== undefined || !queries.has(name)) found.push(...modes.map((mode) => ({ schema, name, mode })));
  };
  // names of WITH queries first: a query may stand before the list that names it
  walkTree(tree, (type, node) => {
    if (type === "CommonTableExpr") queries.add(node.ctename as string);
  });
  walkTree(tree, (type, node) => {
    const modes = writes[type];
    if (modes !== undefined) targets.set(node.relation, modes);
    if (type === "TruncateStmt")
      for (const each of node.relations as SyntaxNode[]) targets.set(each.RangeVar, ["truncate"]);
    if (type === "RangeVar" && typeof node.relname === "string") see(node, targets.get(node) ?? ["read"]);
  });
  return found;
}
