/**
 * Whether a body compares an argument with a list of allowed names before it goes on: `if p not in ('a', 'b') then raise`, `p = any(array[…])`, a
 * look-up in a table of names. Must never take a comparison for a list that leaves names open, as a pattern or a look into the catalog does.
 */
import type { SyntaxNode } from "../../history/statement.ts";
import { nameWords, stringConstant } from "../../understand/sql/parser.ts";
import { walkTree } from "../../parse/tree.ts";

/** The names that are allowed; "unknown" where they stand in a table. */
export type NameList = readonly string[] | "unknown";

/** What is known where a condition is read. */
export interface ListScope {
  /** The argument that an expression carries as it is. */
  argumentOf(node: SyntaxNode | undefined): string | undefined;
  /** Variables that hold constant arrays. */
  readonly arrays: ReadonlyMap<string, readonly string[]>;
}

type Lists = ReadonlyMap<string, NameList>;
const none: Lists = new Map();

/** Arguments that are one of a list where the condition is `holds`. */
export function listsOf(node: SyntaxNode | undefined, holds: boolean, scope: ListScope): Lists {
  const bool = node?.BoolExpr as { boolop: string; args: SyntaxNode[] } | undefined;
  if (bool?.boolop === "NOT_EXPR") return listsOf(bool.args[0], !holds, scope);
  if (bool !== undefined) {
    const parts = bool.args.map((each) => listsOf(each, holds, scope));
    // all of them are known where AND holds, and where OR does not
    return (bool.boolop === "AND_EXPR") === holds ? new Map(parts.flatMap((each) => [...each])) : inAll(parts);
  }
  if (node?.SubLink !== undefined) return holds ? lookedUp(node.SubLink as SyntaxNode, scope) : none;
  return node?.A_Expr === undefined ? none : compared(node.A_Expr as SyntaxNode, holds, scope);
}

function inAll([first = none, ...others]: readonly Lists[]): Lists {
  return new Map(
    [...first].flatMap(([name, list]): [string, NameList][] => {
      const lists = [list, ...others.map((each) => each.get(name))];
      if (lists.includes(undefined)) return [];
      return [[name, lists.includes("unknown") ? "unknown" : (lists as string[][]).flat()]];
    }),
  );
}

function compared({ kind, name, lexpr, rexpr }: SyntaxNode, holds: boolean, scope: ListScope): Lists {
  const operator = nameWords(name as SyntaxNode[]).at(-1) ?? "";
  const wanted =
    kind === "AEXPR_DISTINCT" ? !holds : kind === "AEXPR_NOT_DISTINCT" ? holds : (operator === "=") === holds;
  const sides = [lexpr, rexpr] as (SyntaxNode | undefined)[];
  const argument =
    scope.argumentOf(sides[0]) ?? (/_(IN|ANY|ALL)$/.test(kind as string) ? undefined : scope.argumentOf(sides[1]));
  if (argument === undefined) return none;
  const value = scope.argumentOf(sides[0]) === undefined ? sides[0] : sides[1];
  if (/^(~|!~)$/.test(operator)) {
    const names = (operator === "~") === holds ? alternatives(stringConstant(value) ?? "") : null;
    return names === null ? none : new Map([[argument, names]]);
  }
  if (!wanted || !/^(=|<>|!=)$/.test(operator)) return none;
  // "= any" where it holds, "<> all" where it does not
  if (kind === "AEXPR_OP_ANY" && !holds) return none;
  if (kind === "AEXPR_OP_ALL" && holds) return none;
  const list = constantsOf(value, scope);
  return list === null ? none : new Map([[argument, list]]);
}

/** ^(a|b)$ names what it allows. */
function alternatives(pattern: string): readonly string[] | null {
  const inner = /^\^\((?:\?:)?([\w|]+)\)\$$|^\^(\w+)\$$/.exec(pattern);
  return inner === null ? null : (inner[1] ?? inner[2] ?? "").split("|");
}

/** The texts of a constant, a list or an array of constants; null where one of them is something else. */
export function constantsOf(
  node: SyntaxNode | undefined,
  { arrays }: Pick<ListScope, "arrays">,
): readonly string[] | null {
  if (node === undefined) return null;
  if (node.TypeCast !== undefined) return constantsOf(node.TypeCast.arg as SyntaxNode, { arrays });
  const items = (node.List?.items ?? node.A_ArrayExpr?.elements) as SyntaxNode[] | undefined;
  if (items !== undefined) {
    const each = items.map((item) => constantsOf(item, { arrays }));
    return each.includes(null) ? null : (each as string[][]).flat();
  }
  const text = stringConstant(node);
  if (text !== null)
    return /^\{.*\}$/.test(text)
      ? text
          .slice(1, -1)
          .split(",")
          .map((name) => name.trim())
      : [text];
  return arrays.get(nameWords(node.ColumnRef?.fields as SyntaxNode[] | undefined).at(-1) ?? "") ?? null;
}

/** A table of the project that is asked for the name; the catalog names everything. */
function lookedUp(link: SyntaxNode, scope: ListScope): Lists {
  const found = new Map<string, NameList>();
  let catalog = false;
  walkTree(link, (type, node) => {
    if (type === "RangeVar")
      catalog ||=
        /^(pg_catalog|information_schema)$/.test(String(node.schemaname)) || String(node.relname).startsWith("pg_");
    if (type === "FuncCall" && !/^(lower|btrim)$/.test(nameWords(node.funcname as SyntaxNode[]).at(-1) ?? ""))
      catalog = true;
    const argument = scope.argumentOf({ [type]: node });
    if (argument !== undefined) found.set(argument, "unknown");
  });
  return catalog ? none : found;
}
