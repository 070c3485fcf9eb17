/**
 * Reading syntax trees: a walk and the few accessors that rules, replay and history share. A tree is libpg-query's JSON, in which zero
 * values (false, 0, "") are absent.
 */
import type { SyntaxNode } from "../history/statement.ts";

/** What a visitor sees: the node's type, its fields, and the types above it, outermost first. Answer false to stay out of its children. */
export type Visit = (type: string, node: SyntaxNode, parents: readonly string[]) => boolean | void;

const isType = (key: string): boolean => /^[A-Z][A-Za-z_]*$/.test(key);

/**
 * Walks a tree in the order of its text's grammar and calls `visit` for every node. Some fields hold a node without its type
 * (CreateStmt.relation is the fields of a RangeVar): these are visited as the type that `untagged` names for the field.
 */
export function walkTree(node: unknown, visit: Visit): void {
  walk(node, visit, []);
}

/** Fields whose value is a bare node, and its type. */
const untagged: Readonly<Record<string, string>> = {
  relation: "RangeVar",
  typeName: "TypeName",
  returnType: "TypeName",
  rel: "RangeVar",
  view: "RangeVar",
  sequence: "RangeVar",
  pktable: "RangeVar",
  constrrel: "RangeVar",
  role: "RoleSpec",
  grantor: "RoleSpec",
  newowner: "RoleSpec",
  authrole: "RoleSpec",
  selectStmt: "SelectStmt",
  larg: "SelectStmt",
  rarg: "SelectStmt",
  func: "ObjectWithArgs",
  withClause: "WithClause",
  into: "IntoClause",
};

function walk(value: unknown, visit: Visit, parents: readonly string[], field = ""): void {
  if (Array.isArray(value)) for (const item of value) walk(item, visit, parents, field);
  else if (typeof value === "object" && value !== null) {
    const node = value as SyntaxNode;
    const keys = Object.keys(node);
    const [only = ""] = keys;
    const inner: unknown = node[only];
    if (keys.length === 1 && isType(only) && typeof inner === "object") {
      if (visit(only, inner as SyntaxNode, parents) === false) return;
      fields(inner as SyntaxNode, visit, [...parents, only]);
    } else {
      const type = untagged[field];
      if (type !== undefined && visit(type, node, parents) === false) return;
      fields(node, visit, type === undefined ? parents : [...parents, type]);
    }
  }
}

function fields(node: SyntaxNode, visit: Visit, parents: readonly string[]): void {
  for (const key of Object.keys(node)) {
    const value: unknown = node[key];
    if (typeof value === "object" && value !== null) walk(value, visit, parents, key);
  }
}
