/**
 * Where to look for what a statement changed, decided on its tree. It only saves time: what is not known here is looked for everywhere, and
 * what a narrow look misses is found by the next wide one. Names only, without their schema: a look at too much does no harm.
 */
import { walkTree } from "../parse/tree.ts";
import type { ParsedStatement, SyntaxNode } from "./statement.ts";

/** Where to look. */
export type Where =
  | { readonly kind: "nothing" }
  /** Relations and routines of these names, and what hangs on them. */
  | { readonly kind: "named"; readonly names: ReadonlySet<string> }
  /** `drops`: something may be gone, too. */
  | { readonly kind: "everywhere"; readonly drops: boolean };

// Rows are not looked for. What a trigger does to the catalog meanwhile is found by the next wide look.
const nothing = new Set([
  "InsertStmt",
  "UpdateStmt",
  "DeleteStmt",
  "MergeStmt",
  "VariableSetStmt",
  "VariableShowStmt",
  "CommentStmt",
  "ConstraintsSetStmt",
  "LockStmt",
  "NotifyStmt",
  "TruncateStmt",
]);

const named = new Set([
  "CreateStmt",
  "IndexStmt",
  "AlterTableStmt",
  "CreatePolicyStmt",
  "AlterPolicyStmt",
  "CreateTrigStmt",
  "RuleStmt",
  "ViewStmt",
  "CreateTableAsStmt",
  "CreateSeqStmt",
  "AlterSeqStmt",
  "CreateFunctionStmt",
  "AlterFunctionStmt",
  "AlterOwnerStmt",
]);
const dropsNothing = new Set([
  "GrantStmt",
  "CreateRoleStmt",
  "AlterRoleStmt",
  "CreateSchemaStmt",
  "CreateExtensionStmt",
  "CreateEnumStmt",
  "AlterEnumStmt",
  "CreateDomainStmt",
  "CompositeTypeStmt",
  "CreatePublicationStmt",
  "CreateEventTrigStmt",
]);

/** Functions that a SELECT in a migration calls for what they do to rows or to the session. */
const calm = new Set(["set_config", "setval", "nextval", "currval", "pg_sleep", "now", "count", "current_setting"]);

function isCalm(tree: SyntaxNode): boolean {
  let found = true;
  walkTree(tree, (kind, node) => {
    if (kind === "FuncCall" && !calm.has(String((node["funcname"] as SyntaxNode[]).at(-1)?.["String"]?.sval)))
      found = false;
    return found;
  });
  return found;
}

const relationsOrRoutines = new Set([
  "OBJECT_TABLE",
  "OBJECT_SEQUENCE",
  "OBJECT_FUNCTION",
  "OBJECT_PROCEDURE",
  "OBJECT_ROUTINE",
]);
const droppable = new Set([
  "OBJECT_TABLE",
  "OBJECT_VIEW",
  "OBJECT_MATVIEW",
  "OBJECT_INDEX",
  "OBJECT_SEQUENCE",
  "OBJECT_POLICY",
  "OBJECT_TRIGGER",
  "OBJECT_RULE",
  "OBJECT_FUNCTION",
  "OBJECT_PROCEDURE",
]);
const renamed = new Set([
  "OBJECT_TABLE",
  "OBJECT_COLUMN",
  "OBJECT_POLICY",
  "OBJECT_TRIGGER",
  "OBJECT_TABCONSTRAINT",
  "OBJECT_VIEW",
  "OBJECT_MATVIEW",
  "OBJECT_INDEX",
  "OBJECT_SEQUENCE",
]);

function isNarrow(type: string, node: SyntaxNode): boolean {
  if (named.has(type)) return true;
  if (type === "GrantStmt")
    return node["targtype"] === "ACL_TARGET_OBJECT" && relationsOrRoutines.has(String(node["objtype"]));
  if (type === "DropStmt") return node["behavior"] !== "DROP_CASCADE" && droppable.has(String(node["removeType"]));
  if (type === "RenameStmt") return renamed.has(String(node["renameType"]));
  return false;
}

// ALTER TABLE … OWNER TO and ADD COLUMN reach a table's partitions, which the caller looks out for; DROP … CASCADE reaches anything.
const cascades = (node: SyntaxNode): boolean =>
  ((node["cmds"] ?? []) as SyntaxNode[]).some((one) => one["AlterTableCmd"]?.behavior === "DROP_CASCADE");

/** Where a statement's traces are. */
export function whereToLook({ type, tree }: ParsedStatement): Where {
  if (nothing.has(type)) return { kind: "nothing" };
  const node = (tree?.[type] ?? {}) as SyntaxNode;
  if (tree === null) return { kind: "nothing" };
  if (type === "SelectStmt" && node["intoClause"] === undefined && isCalm(tree)) return { kind: "nothing" };
  if (!isNarrow(type, node) || cascades(node)) return { kind: "everywhere", drops: !dropsNothing.has(type) };
  const names = new Set<string>();
  const add = (value: unknown): void => {
    if (typeof value === "string") names.add(value);
  };
  add(node["idxname"]);
  add(node["newname"]);
  for (const part of (node["funcname"] ?? []) as SyntaxNode[]) add(part["String"]?.sval);
  walkTree(tree, (kind, one) => {
    if (kind === "RangeVar") add(one["relname"]);
    if (kind === "ObjectWithArgs") for (const part of (one["objname"] ?? []) as SyntaxNode[]) add(part["String"]?.sval);
    // DROP names its objects as lists of texts
    if (kind === "List" && type === "DropStmt")
      for (const part of (one["items"] ?? []) as SyntaxNode[]) add(part["String"]?.sval);
  });
  return { kind: "named", names };
}
