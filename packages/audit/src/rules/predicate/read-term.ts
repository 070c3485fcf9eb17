/**
 * Syntax trees of expressions to terms. Spellings that mean the same become one: IN, BETWEEN, `= ANY (ARRAY[…])`, NOT DISTINCT. Must never
 * throw: what it does not know is opaque, with the parts that it does know.
 */
import type { SyntaxNode } from "../../history/statement.ts";
import { nameWords, nodeType } from "../../understand/sql/parser.ts";
import { printTerm } from "./print.ts";
import { type Reader, resolve, type Scope } from "./scope.ts";
import { type Term, truth } from "./term.ts";

const list = (value: unknown): SyntaxNode[] => (value as SyntaxNode[] | undefined) ?? [];
const negate = (term: Term): Term => ({ kind: "not", term });

/** Reads one node. */
export function readTerm(reader: Reader, node: SyntaxNode | undefined, scope: Scope): Term {
  if (node === undefined) return truth(null);
  const type = nodeType(node);
  const inner = node[type] as SyntaxNode;
  const read = (each: unknown): Term => reader.term(each as SyntaxNode | undefined, scope);
  const readAll = (value: unknown): Term[] => list(value).map(read);
  switch (type) {
    case "A_Const":
      return constant(inner);
    case "ColumnRef":
      return column(reader, inner, scope);
    case "ParamRef":
      return scope.positions[((inner.number as number | undefined) ?? 0) - 1] ?? opaque("parameter");
    case "BoolExpr": {
      const terms = readAll(inner.args);
      if (inner.boolop === "NOT_EXPR") return negate(terms[0] ?? truth(null));
      return { kind: inner.boolop === "OR_EXPR" ? "or" : "and", terms };
    }
    case "A_Expr":
      return expression(reader, inner, scope);
    case "NullTest": {
      const test: Term = { kind: "is", term: read(inner.arg), what: "null" };
      return inner.nulltesttype === "IS_NOT_NULL" ? negate(test) : test;
    }
    case "BooleanTest":
      return booleanTest(inner.booltesttype as string, read(inner.arg));
    case "TypeCast":
      return { kind: "cast", term: read(inner.arg), type: typeName(inner.typeName as SyntaxNode) };
    case "CollateClause":
      return read(inner.arg);
    case "FuncCall":
      return reader.call(inner, scope);
    case "CoalesceExpr":
      return { kind: "coalesce", terms: readAll(inner.args) };
    case "CaseExpr":
      return caseOf(inner, read);
    case "SubLink":
      return subLink(reader, inner, scope);
    case "A_ArrayExpr":
      return { kind: "array", terms: readAll(inner.elements) };
    case "RowExpr": {
      const terms = readAll(inner.args);
      return terms.length === 1 ? terms[0]! : { kind: "tuple", terms };
    }
    case "SQLValueFunction":
      return { kind: "keyword", name: String(inner.op).replace("SVFOP_", "").toLowerCase() };
    case "List":
      return { kind: "array", terms: readAll(inner.items) };
    default: {
      const known = [inner.arg, ...list(inner.args)].filter((each) => each !== undefined).map(read);
      return opaque(type, known);
    }
  }
}

function opaque(what: string, terms: readonly Term[] = []): Term {
  return { kind: "opaque", text: `${what}(${terms.map(printTerm).join(", ")})`, terms };
}

function constant(inner: SyntaxNode): Term {
  if (inner.isnull === true) return truth(null);
  if (inner.boolval !== undefined) return truth(inner.boolval.boolval === true);
  // libpg-query leaves out what is 0 or empty
  if (inner.ival !== undefined) return { kind: "constant", value: String(inner.ival.ival ?? 0), quoted: false };
  if (inner.fval !== undefined) return { kind: "constant", value: String(inner.fval.fval), quoted: false };
  const text: unknown = inner.sval?.sval ?? inner.bsval?.bsval ?? "";
  return { kind: "constant", value: String(text), quoted: true };
}

function column(reader: Reader, inner: SyntaxNode, scope: Scope): Term {
  const words = nameWords(inner.fields as SyntaxNode[]);
  return resolve(words, scope, reader.catalog) ?? { kind: "opaque", text: words.join("."), terms: [] };
}

function operator(name: readonly string[], left: Term, right: Term): Term {
  const schema = name.length > 1 && name[0] !== "pg_catalog" ? name[0]! : null;
  const sign = name.at(-1)!;
  if (left.kind === "tuple" && right.kind === "tuple" && sign === "=")
    return { kind: "and", terms: left.terms.map((each, at) => operator(name, each, right.terms[at] ?? truth(null))) };
  return { kind: "operator", schema, name: sign === "!=" ? "<>" : sign, left, right };
}

function expression(reader: Reader, inner: SyntaxNode, scope: Scope): Term {
  const name = nameWords(inner.name as SyntaxNode[]);
  const read = (each: unknown): Term => reader.term(each as SyntaxNode | undefined, scope);
  const left = read(inner.lexpr);
  const bounds = (): Term[] => list(inner.rexpr?.List?.items).map(read);
  const between = ([low = truth(null), high = truth(null)]: Term[]): Term => ({
    kind: "and",
    terms: [operator([">="], left, low), operator(["<="], left, high)],
  });
  switch (inner.kind) {
    case "AEXPR_OP":
      if (inner.lexpr === undefined) return opaque(name.join("."), [read(inner.rexpr)]);
      return operator(name, left, read(inner.rexpr));
    case "AEXPR_OP_ANY":
      return anyOf(name, left, read(inner.rexpr), false);
    case "AEXPR_OP_ALL":
      return anyOf(name, left, read(inner.rexpr), true);
    case "AEXPR_IN": {
      const some: Term = { kind: "or", terms: bounds().map((each) => operator(["="], left, each)) };
      return name.at(-1) === "<>" ? negate(some) : some;
    }
    case "AEXPR_DISTINCT":
      return { kind: "distinct", left, right: read(inner.rexpr) };
    case "AEXPR_NOT_DISTINCT":
      return negate({ kind: "distinct", left, right: read(inner.rexpr) });
    case "AEXPR_NULLIF":
      return { kind: "nullif", left, right: read(inner.rexpr) };
    case "AEXPR_LIKE":
    case "AEXPR_ILIKE":
    case "AEXPR_SIMILAR":
      return operator(name, left, read(inner.rexpr));
    case "AEXPR_BETWEEN":
    case "AEXPR_BETWEEN_SYM":
      return between(bounds());
    case "AEXPR_NOT_BETWEEN":
    case "AEXPR_NOT_BETWEEN_SYM":
      return negate(between(bounds()));
    default:
      return opaque(String(inner.kind), [left, read(inner.rexpr)]);
  }
}

const opposite: Readonly<Record<string, string>> = { "=": "<>", "<>": "=", "<": ">=", ">": "<=", "<=": ">", ">=": "<" };

/** `x op ALL (…)` is `not (x opposite ANY (…))`, which is how both are judged by one rule. */
function anyOf(name: readonly string[], left: Term, right: Term, all: boolean): Term {
  const sign = name.at(-1)!;
  if (all && opposite[sign] === undefined) return opaque(`${sign} all`, [left, right]);
  const used = all ? opposite[sign]! : sign;
  const inner = right.kind === "cast" ? right.term : right;
  const some: Term =
    inner.kind === "array"
      ? { kind: "or", terms: inner.terms.map((each) => operator([used], left, each)) }
      : { kind: "any", name: used, left, right: inner.kind === "array select" ? inner.select : right };
  return all ? negate(some) : some;
}

function booleanTest(test: string, term: Term): Term {
  const is = (what: "true" | "false" | "null"): Term => ({ kind: "is", term, what });
  const word = test.replace(/^IS_(NOT_)?/, "").toLowerCase();
  const asked = is(word === "unknown" ? "null" : (word as "true" | "false"));
  return test.startsWith("IS_NOT_") ? negate(asked) : asked;
}

function caseOf(inner: SyntaxNode, read: (each: unknown) => Term): Term {
  const compared = inner.arg === undefined ? null : read(inner.arg);
  const whens = list(inner.args).map(({ CaseWhen }) => {
    const when = read((CaseWhen as SyntaxNode).expr);
    return {
      when: compared === null ? when : operator(["="], compared, when),
      result: read((CaseWhen as SyntaxNode).result),
    };
  });
  return { kind: "case", whens, otherwise: inner.defresult === undefined ? truth(null) : read(inner.defresult) };
}

function subLink(reader: Reader, inner: SyntaxNode, scope: Scope): Term {
  const select = reader.select(inner.subselect as SyntaxNode, scope);
  const name = inner.operName === undefined ? ["="] : nameWords(inner.operName as SyntaxNode[]);
  switch (inner.subLinkType ?? "EXISTS_SUBLINK") {
    case "EXISTS_SUBLINK":
      return { kind: "exists", select };
    case "ANY_SUBLINK":
      return { kind: "any", name: name.at(-1)!, left: reader.term(inner.testexpr as SyntaxNode, scope), right: select };
    case "ALL_SUBLINK": {
      const left = reader.term(inner.testexpr as SyntaxNode, scope);
      const sign = opposite[name.at(-1)!];
      return sign === undefined ? opaque("all", [left]) : negate({ kind: "any", name: sign, left, right: select });
    }
    case "EXPR_SUBLINK": {
      const [branch, ...others] = select.branches;
      const [target] = branch?.targets ?? [];
      // (select f()): no rows, no condition, just a value
      const plain = others.length === 0 && branch?.rows.length === 0 && branch.where.kind === "constant";
      return plain && target !== undefined ? target.term : { kind: "select", select };
    }
    case "ARRAY_SUBLINK":
      return { kind: "array select", select };
    default:
      return { kind: "opaque", text: String(inner.subLinkType), terms: [{ kind: "exists", select }] };
  }
}

const aliases: Readonly<Record<string, string>> = {
  int2: "smallint",
  int4: "integer",
  int8: "bigint",
  bool: "boolean",
  float4: "real",
  float8: "double precision",
};

/** A type as SQL would print it, for example character(4) or public.citext. */
function typeName(inner: SyntaxNode): string {
  const words = nameWords(inner.names as SyntaxNode[]);
  const last = words.at(-1)!;
  const name = words.length > 1 && words[0] !== "pg_catalog" ? words.join(".") : (aliases[last] ?? last);
  const sizes = list(inner.typmods).map((each) => String(each.A_Const?.ival?.ival ?? ""));
  return `${name}${sizes.length > 0 ? `(${sizes.join(",")})` : ""}${inner.arrayBounds === undefined ? "" : "[]"}`;
}
