/**
 * Names in syntax trees: of relations, functions, types and roles, each as it is written. Must never guess a schema: null means that the
 * search path decides.
 */
import type { SyntaxNode } from "../history/statement.ts";
import { walkTree } from "./tree.ts";

/** A name as written. */
export interface WrittenName {
  readonly schema: string | null;
  readonly name: string;
}

/** The text of a String node, or of a string constant; undefined for anything else. */
export function textOf(node: SyntaxNode | undefined): string | undefined {
  const plain: unknown = node?.["String"]?.sval ?? (node?.["A_Const"]?.sval && (node["A_Const"].sval.sval ?? ""));
  return typeof plain === "string" ? plain : node?.["String"] === undefined ? undefined : "";
}

/** A list of String nodes (or a List node of them) as a name: the last is the name, the one before it the schema. */
export function nameOf(list: unknown): WrittenName {
  const items: readonly SyntaxNode[] = Array.isArray(list)
    ? list
    : ((list as SyntaxNode | undefined)?.["List"]?.items ?? []);
  const parts = items.map((item) => textOf(item) ?? "*");
  return { schema: parts.at(-2) ?? null, name: parts.at(-1) ?? "" };
}

/** The name in the fields of a RangeVar. */
export function relationOf(rangeVar: SyntaxNode | undefined): WrittenName {
  return { schema: rangeVar?.["schemaname"] ?? null, name: rangeVar?.["relname"] ?? "" };
}

/** The type's name in the fields of a TypeName, with [] for an array; pg_catalog, which the grammar itself puts in, is left out. */
export function typeNameOf(typeName: SyntaxNode | undefined): WrittenName {
  const { schema, name } = nameOf(typeName?.["names"]);
  const array = typeName?.["arrayBounds"] === undefined ? "" : "[]";
  return { schema: schema === "pg_catalog" ? null : schema, name: name + array };
}

/** A role as the fields of a RoleSpec name it: its name, "public", or current_user, session_user, current_role. */
export function roleOf(roleSpec: SyntaxNode | undefined): string {
  switch (roleSpec?.["roletype"]) {
    case "ROLESPEC_PUBLIC":
      return "public";
    case "ROLESPEC_CURRENT_USER":
      return "current_user";
    case "ROLESPEC_CURRENT_ROLE":
      return "current_role";
    case "ROLESPEC_SESSION_USER":
      return "session_user";
    default:
      return roleSpec?.["rolename"] ?? "";
  }
}

/** The value of an option in a list of DefElem nodes; undefined when it is not there. */
export function optionOf(options: readonly SyntaxNode[] | undefined, name: string): SyntaxNode | undefined {
  const option = options?.map((node) => node["DefElem"] as SyntaxNode).find((element) => element?.["defname"] === name);
  return option && (option["arg"] ?? {});
}

/** Names that WITH gives to queries anywhere in the tree: a bare relation of such a name is likely that query. */
function queryNames(tree: SyntaxNode): Set<string> {
  const names = new Set<string>();
  walkTree(tree, (type, node) => {
    if (type === "CommonTableExpr") names.add(node["ctename"]);
  });
  return names;
}

const unique = <T>(items: readonly T[]): T[] => [
  ...new Map(items.map((item) => [JSON.stringify(item), item])).values(),
];

/** Relations that a statement names, once each, in the order of the tree; names of WITH queries are left out. */
export function relationsIn(tree: SyntaxNode): WrittenName[] {
  const queries = queryNames(tree);
  const found: WrittenName[] = [];
  walkTree(tree, (type, node) => {
    if (type !== "RangeVar" || (node["schemaname"] === undefined && queries.has(node["relname"]))) return;
    found.push(relationOf(node));
  });
  return unique(found);
}

/** Functions that a statement calls, once each. */
export function functionsIn(tree: SyntaxNode): WrittenName[] {
  const found: WrittenName[] = [];
  walkTree(tree, (type, node) => {
    if (type === "FuncCall") found.push(nameOf(node["funcname"]));
  });
  return unique(found);
}

/** Roles that a statement names, once each. */
export function rolesIn(tree: SyntaxNode): string[] {
  const found: string[] = [];
  walkTree(tree, (type, node) => {
    if (type === "RoleSpec") found.push(roleOf(node));
    else if (type === "CreateRoleStmt") found.push(node["role"]);
  });
  return unique(found);
}
