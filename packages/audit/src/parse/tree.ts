/**
 * The walk over a syntax tree (libpg-query's JSON; what is false, 0 or "" is absent there). Must never recurse: a sum of a few thousand terms
 * is a tree of that depth.
 */
import type { SyntaxNode } from "../history/statement.ts";

/**
 * What is called for every node: its type, its fields, and the types above it, outermost first (valid during the call only). Answer false to
 * stay out of what lies below.
 */
export type Visit = (type: string, node: SyntaxNode, parents: readonly string[]) => boolean | void;

/** Fields that hold a node without naming its type, by libpg-query's protobuf definition. */
const bare: Readonly<Record<string, string>> = {
  action: "GrantStmt",
  alias: "Alias",
  argType: "TypeName",
  authrole: "RoleSpec",
  base: "CreateStmt",
  bound: "PartitionBoundSpec",
  collClause: "CollateClause",
  constrrel: "RangeVar",
  fromsql: "ObjectWithArgs",
  func: "ObjectWithArgs",
  grantor: "RoleSpec",
  infer: "InferClause",
  into: "IntoClause",
  join_using_alias: "Alias",
  larg: "SelectStmt",
  newowner: "RoleSpec",
  newrole: "RoleSpec",
  ofTypename: "TypeName",
  onConflictClause: "OnConflictClause",
  over: "WindowDef",
  owner: "RoleSpec",
  partbound: "PartitionBoundSpec",
  partspec: "PartitionSpec",
  pktable: "RangeVar",
  pubtable: "PublicationTable",
  rarg: "SelectStmt",
  rel: "RangeVar",
  relation: "RangeVar",
  returnType: "TypeName",
  returningClause: "ReturningClause",
  role: "RoleSpec",
  sequence: "RangeVar",
  setstmt: "VariableSetStmt",
  sourcetype: "TypeName",
  storedtype: "TypeName",
  table: "RangeVar",
  targettype: "TypeName",
  tosql: "ObjectWithArgs",
  typeName: "TypeName",
  type_name: "TypeName",
  typevar: "RangeVar",
  user: "RoleSpec",
  view: "RangeVar",
  withClause: "WithClause",
};

const LEAVE = Symbol("leave");
type Item = typeof LEAVE | readonly [value: unknown, field: string];

/** The node's type and fields; a type of "" for an object that is none, whose fields are still looked into. */
function nodeAt(value: object, field: string): readonly [string, SyntaxNode] {
  const keys = Object.keys(value);
  const node = value as SyntaxNode;
  const [only = ""] = keys;
  if (keys.length === 1 && /^[A-Z]/.test(only)) {
    const inner: unknown = node[only];
    if (typeof inner === "object" && inner !== null) return [only, inner as SyntaxNode];
  }
  if (field === "name") return ["relname" in node ? "RangeVar" : "ObjectWithArgs", node];
  return [bare[field] ?? "", node];
}

/** Visits every node of a tree, each before what lies below it. */
export function walkTree(tree: unknown, visit: Visit): void {
  const parents: string[] = [];
  const stack: Item[] = [[tree, ""]];
  for (let item = stack.pop(); item !== undefined; item = stack.pop()) {
    if (item === LEAVE) {
      parents.pop();
      continue;
    }
    const [value, field] = item;
    if (typeof value !== "object" || value === null) continue;
    if (Array.isArray(value)) {
      for (let i = value.length - 1; i >= 0; i -= 1) stack.push([value[i], field]);
      continue;
    }
    const [type, node] = nodeAt(value, field);
    if (type !== "") {
      if (visit(type, node, parents) === false) continue;
      parents.push(type);
      stack.push(LEAVE);
    }
    const keys = Object.keys(node);
    for (let i = keys.length - 1; i >= 0; i -= 1) {
      const key = keys[i]!;
      const below: unknown = node[key];
      if (typeof below === "object" && below !== null) stack.push([below, key]);
    }
  }
}
