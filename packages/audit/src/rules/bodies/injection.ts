/**
 * Text of the caller that becomes SQL: follows arguments (in triggers also NEW) through variables into EXECUTE, and stops at quote_ident,
 * quote_literal, %I, %L, USING and types that can't hold SQL. Must never take a constant for an attack.
 */
import type { Relation, Routine } from "@watertight/schema";
import type { SyntaxNode } from "../../history/statement.ts";
import { nameWords, nodeType } from "../../understand/sql/parser.ts";
import { bodyOf } from "./body.ts";
import { formatPlace } from "./skeleton.ts";

/** Types in which a caller can write SQL. An enum, a number, a uuid or a date can't hold a quote. */
const text =
  /^("char"|"any"|any\w*|bytea|character.*|cstring|json|jsonb|name|record|text|unknown|xml|hstore|citext|.*\.citext)(\[\])*$/;
const quoting = /^(quote_ident|quote_literal|quote_nullable)$/;
const harmless =
  /^(length|octet_length|char_length|array_length|cardinality|count|now|gen_random_uuid|md5|encode|to_regclass)$/;
const safeCast =
  /^(int[248]?|integer|bigint|smallint|numeric|float[48]|bool|boolean|uuid|date|timestamp|timestamptz|interval|reg\w+|oid)$/;

/** The arguments, by name, whose text reaches an EXECUTE unquoted; `fired` are the columns of the table behind NEW. */
export function injectable(routine: Routine, fired?: Relation): string[] {
  const tainted = new Map<string, string>();
  routine.arguments.forEach((type, at) => {
    const name = routine.argumentNames[at] || `$${at + 1}`;
    if (!text.test(type)) return;
    tainted.set(name, name);
    tainted.set(`$${at + 1}`, name);
  });
  for (const { name, type } of fired?.columns ?? []) if (text.test(type)) tainted.set(`new.${name}`, `NEW.${name}`);
  if (fired !== undefined) tainted.set("new", "NEW");
  const found = new Set<string>();
  for (const { kind, tree, into } of bodyOf(routine).parts) {
    const from = taintOf(tree, tainted);
    if (kind === "dynamic") for (const name of from) found.add(name);
    else if (kind === "value") for (const name of into) for (const source of from) tainted.set(name, source);
  }
  return [...found];
}

/** The arguments whose text a value carries. */
function taintOf(node: SyntaxNode | undefined, tainted: ReadonlyMap<string, string>): string[] {
  if (node === undefined) return [];
  const inner = node[nodeType(node)];
  const all = (nodes: readonly SyntaxNode[] | undefined): string[] =>
    (nodes ?? []).flatMap((each) => taintOf(each, tainted));
  switch (nodeType(node)) {
    case "ColumnRef": {
      const words = nameWords(inner.fields as SyntaxNode[]);
      const source = tainted.get(words.join(".")) ?? tainted.get(words.at(-1) ?? "");
      return source === undefined ? [] : [source];
    }
    case "ParamRef": {
      const source = tainted.get(`$${inner.number as number}`);
      return source === undefined ? [] : [source];
    }
    case "TypeCast":
      return safeCast.test(nameWords(inner.typeName?.names as SyntaxNode[]).at(-1) ?? "")
        ? []
        : taintOf(inner.arg, tainted);
    case "A_Expr":
      return /^AEXPR_(OP|NULLIF)$/.test(inner.kind as string) && /^(\|\||->|->>|#>|#>>|)$/.test(operatorOf(inner))
        ? [...taintOf(inner.lexpr, tainted), ...taintOf(inner.rexpr, tainted)]
        : [];
    case "FuncCall":
      return called(
        nameWords(inner.funcname as SyntaxNode[]).at(-1) ?? "",
        (inner.args ?? []) as SyntaxNode[],
        tainted,
      );
    case "CoalesceExpr":
    case "MinMaxExpr":
      return all(inner.args as SyntaxNode[]);
    case "A_ArrayExpr":
      return all(inner.elements as SyntaxNode[]);
    case "A_Indirection":
    case "CollateClause":
      return taintOf(inner.arg, tainted);
    case "CaseExpr":
      return [
        ...all((inner.args as SyntaxNode[]).map((each) => each.CaseWhen.result as SyntaxNode)),
        ...taintOf(inner.defresult, tainted),
      ];
    default:
      return [];
  }
}

const operatorOf = (inner: SyntaxNode): string =>
  inner.kind === "AEXPR_NULLIF" ? "" : (nameWords(inner.name as SyntaxNode[]).at(-1) ?? "?");

function called(name: string, args: readonly SyntaxNode[], tainted: ReadonlyMap<string, string>): string[] {
  if (quoting.test(name) || harmless.test(name)) return [];
  if (name !== "format") return args.flatMap((each) => taintOf(each, tainted));
  const pattern = args[0]?.A_Const?.sval?.sval as string | undefined;
  if (pattern === undefined) return args.flatMap((each) => taintOf(each, tainted));
  let next = 0;
  return [...pattern.matchAll(formatPlace)].flatMap(([place, position, kind]) => {
    if (place === "%%") return [];
    const at = position === undefined ? next : Number.parseInt(position, 10) - 1;
    next = at + 1;
    return kind === "s" ? taintOf(args[at + 1], tainted) : [];
  });
}
