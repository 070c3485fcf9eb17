/**
 * The values that an expression may be, and the pairs that it compares on the way. Casts, coalesce, nullif and CASE let values through;
 * AND, OR and NOT are not told apart. Must never let a column through a function that changes it: split_part(path, '/', 1) is not the path.
 */
import type { Routine } from "@watertight/schema";
import type { SyntaxNode } from "../../history/statement.ts";
import { nameWords, nodeType, stringConstant } from "../sql/parser.ts";
import type { Reader } from "./reader.ts";
import { columnTerms, positionTerms, type Scope, type Term } from "./scope.ts";
import { below, platformSource, type RawSource, settingSource } from "./source.ts";

type Terms = readonly Term[];

const comparisons = new Set(["=", "@>", "<@", "&&", "~~", "~~*", "?", "?|"]);
const paths = new Set(["->", "->>", "#>", "#>>"]);
const roleFunctions = /^SVFOP_(CURRENT_USER|SESSION_USER|USER|CURRENT_ROLE)$/;
// what comes out is the same value for the purpose of understanding
const transparent = new Set([
  "lower",
  "upper",
  "btrim",
  "trim",
  "ltrim",
  "rtrim",
  "text",
  "uuid",
  "int4",
  "int8",
  "varchar",
  "unnest",
]);

/** The values that a node may have. */
export function readValue(reader: Reader, node: SyntaxNode, scope: Scope): Terms {
  const type = nodeType(node);
  const inner = node[type] as SyntaxNode;
  const all = (nodes: readonly SyntaxNode[] | undefined): Terms =>
    (nodes ?? []).flatMap((each) => reader.value(each, scope));
  switch (type) {
    case "ColumnRef":
      return columnTerms(nameWords(inner.fields), scope);
    case "ParamRef":
      return positionTerms(inner.number as number, scope);
    case "TypeCast":
    case "CollateClause":
      return reader.value(inner.arg, scope);
    case "SQLValueFunction":
      return roleFunctions.test(inner.op as string) ? reader.source({ kind: "role" }) : [];
    case "A_Expr":
      return readOperator(reader, inner, scope);
    case "SubLink":
      return readSubLink(reader, inner, scope);
    case "FuncCall":
      return reader.callNode(inner, scope)[0] ?? [];
    case "A_Indirection": {
      const base = reader.value(inner.arg, scope);
      const keys = (inner.indirection as SyntaxNode[]).flatMap((each) => keyPath(each.A_Indices?.uidx));
      return keys.length > 0 ? descend(reader, base, keys) : base.filter(isSource);
    }
    case "CoalesceExpr":
    case "MinMaxExpr":
    case "RowExpr":
      return all(inner.args);
    case "A_ArrayExpr":
      return all(inner.elements);
    case "List":
      return all(inner.items);
    case "CaseExpr":
      return [
        ...(inner.args as SyntaxNode[]).flatMap((each) => {
          reader.value(each.CaseWhen.expr, scope);
          return reader.value(each.CaseWhen.result, scope);
        }),
        ...(inner.defresult ? reader.value(inner.defresult, scope) : []),
      ];
    case "BoolExpr":
      all(inner.args);
      return [];
    case "NullTest":
    case "BooleanTest":
      reader.value(inner.arg, scope);
      return [];
    default:
      return [];
  }
}

/** The results of a call: PostgreSQL's and the platforms' functions are known, the project's are followed. */
export function readCall(reader: Reader, call: SyntaxNode, scope: Scope): readonly Terms[] {
  const words = nameWords(call.funcname as SyntaxNode[]);
  const name = words.at(-1)!;
  const schema = words.length > 1 ? words.at(-2) : undefined;
  const nodes = (call.args ?? []) as SyntaxNode[];
  if (name === "current_setting") {
    const setting = stringConstant(nodes[0]);
    if (setting !== null) return [reader.source(settingSource(setting))];
  }
  const platform = platformSource(schema, name);
  if (platform) return [reader.source(platform)];
  const args = nodes.map((each) => reader.value((each.NamedArgExpr?.arg as SyntaxNode | undefined) ?? each, scope));
  const [first = []] = args;
  if (/^jsonb?_extract_path(_text)?$/.test(name)) return [descend(reader, first, nodes.slice(1).flatMap(keyPath))];
  const routine = chooseRoutine(reader.graph.routines(schema, name), args.length, scope);
  if (routine) return reader.call(routine, args);
  return [transparent.has(name) ? first : first.filter(isSource)];
}

/** The function that a call means: by the search path, then by the number of arguments. */
function chooseRoutine(candidates: readonly Routine[], count: number, scope: Scope): Routine | undefined {
  const fitting = candidates.filter((each) => each.arguments.length >= count);
  for (let at: Scope | null = scope; at; at = at.parent)
    for (const schema of at.path) {
      const found = fitting.find((each) => each.schema === schema);
      if (found) return found;
    }
  return fitting[0];
}

function readOperator(reader: Reader, inner: SyntaxNode, scope: Scope): Terms {
  const name = nameWords(inner.name as SyntaxNode[]).at(-1)!;
  const kind = inner.kind as string;
  if (kind === "AEXPR_NULLIF") {
    reader.value(inner.rexpr, scope);
    return reader.value(inner.lexpr, scope);
  }
  if (paths.has(name)) return descend(reader, reader.value(inner.lexpr, scope), keyPath(inner.rexpr));
  const left = inner.lexpr ? readRow(reader, inner.lexpr, scope) : [];
  const right = inner.rexpr ? readRow(reader, inner.rexpr, scope) : [];
  if (kind === "AEXPR_IN" || kind === "AEXPR_OP_ANY" || kind === "AEXPR_NOT_DISTINCT" || comparisons.has(name)) {
    if (name !== "<>") left.forEach((terms, position) => reader.link(terms, right[position] ?? []));
    return [];
  }
  // tenant || ':x' and the like: the value is made of it, and compared somewhere above
  return name === "||" ? [...left.flat(), ...right.flat()].filter(isSource) : [];
}

function readSubLink(reader: Reader, inner: SyntaxNode, scope: Scope): Terms {
  const { terms } = reader.query(inner.subselect.SelectStmt, scope);
  const type = inner.subLinkType as string;
  if (type === "ANY_SUBLINK" || type === "ALL_SUBLINK") {
    // NOT IN comes as NOT over ANY; only `<> ALL` has another operator
    const [name = "="] = nameWords(inner.operName);
    if (name === "=" && inner.testexpr)
      readRow(reader, inner.testexpr, scope).forEach((left, position) => reader.link(left, terms[position] ?? []));
    return [];
  }
  return type === "EXISTS_SUBLINK" ? [] : (terms[0] ?? []);
}

/** The values of a row: one list for each position. */
function readRow(reader: Reader, node: SyntaxNode, scope: Scope): Terms[] {
  const parts = node.RowExpr?.args as SyntaxNode[] | undefined;
  return parts ? parts.map((part) => reader.value(part, scope)) : [reader.value(node, scope)];
}

function isSource(term: Term): boolean {
  return term.kind === "source";
}

function keyPath(node: SyntaxNode | undefined): string[] {
  const text = stringConstant(node);
  return text === null ? [] : text.startsWith("{") ? text.slice(1, -1).split(",") : [text];
}

/** Claims below the sources among the values. */
function descend(reader: Reader, terms: Terms, keys: readonly string[]): Terms {
  return terms.flatMap((term) => {
    let source: RawSource | undefined = term.kind === "source" ? term.source : undefined;
    for (const key of keys) source = source && below(source, key);
    return source ? reader.source(source) : [];
  });
}
