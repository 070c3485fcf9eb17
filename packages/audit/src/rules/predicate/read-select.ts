/**
 * Sub-selects to rows, a condition and answers. Joins, sub-selects in FROM, WITH queries and set-returning functions are flattened, UNION
 * becomes several branches. Grouping and limits are ignored: they can only take rows away. A set operation that subtracts keeps its left side.
 */
import type { SyntaxNode } from "../../history/statement.ts";
import { nameWords, nodeType } from "../../understand/sql/parser.ts";
import { type Derived, type Entry, freeAlias, inside, isRow, queryNamed, type Reader, type Scope } from "./scope.ts";
import { both, type Branch, type RowVariable, type Select, selectOf, type Term, truth } from "./term.ts";

/** One way to fill FROM: a UNION in it makes several. */
interface From {
  readonly entries: readonly Entry[];
  readonly rows: readonly RowVariable[];
  readonly where: readonly Term[];
}

const nothing: From = { entries: [], rows: [], where: [] };
const list = (value: unknown): SyntaxNode[] => (value as SyntaxNode[] | undefined) ?? [];
const mostBranches = 16;

/** Reads a sub-select; `node` is { SelectStmt } or its fields. */
export function readSelect(reader: Reader, node: SyntaxNode, outer: Scope): Select {
  const inner = (node.SelectStmt ?? node) as SyntaxNode;
  const queries = new Map<string, Select>();
  let around: Scope = { ...outer, queries: new Map([...outer.queries, ...queries]) };
  for (const { CommonTableExpr: query } of list(inner.withClause?.ctes)) {
    const { ctename, ctequery, aliascolnames } = query as SyntaxNode;
    queries.set(
      String(ctename),
      renamed(readSelect(reader, ctequery as SyntaxNode, around), nameWords(aliascolnames as SyntaxNode[])),
    );
    around = { ...outer, queries: new Map([...outer.queries, ...queries]) };
  }
  if (inner.op !== undefined && inner.op !== "SETOP_NONE") {
    const left = readSelect(reader, inner.larg as SyntaxNode, around);
    if (inner.op !== "SETOP_UNION") return left;
    return { branches: [...left.branches, ...readSelect(reader, inner.rarg as SyntaxNode, around).branches] };
  }
  const ways = list(inner.fromClause).reduce<readonly From[]>(
    (found, item) => found.flatMap((from) => readFrom(reader, item, around, from)).slice(0, mostBranches),
    [nothing],
  );
  return { branches: ways.flatMap((from) => branches(reader, inner, around, from)) };
}

function branches(reader: Reader, inner: SyntaxNode, around: Scope, from: From): readonly Branch[] {
  const scope = inside(around, { entries: from.entries });
  const condition = inner.whereClause === undefined ? [] : [reader.term(inner.whereClause as SyntaxNode, scope)];
  const having = inner.havingClause === undefined ? [] : [reader.term(inner.havingClause as SyntaxNode, scope)];
  const targets = list(inner.targetList).flatMap(({ ResTarget }) => readTarget(reader, ResTarget as SyntaxNode, scope));
  const [first] = targets;
  const made = first?.term.kind === "call" && first.term.routine?.returnsSet === true ? first.term.body() : null;
  const answer = made === null ? null : selectOf(made);
  const where = both(...from.where, ...condition, ...having);
  // select f() where f returns rows: the rows of f
  if (answer !== null && targets.length === 1)
    return answer.branches.map((branch) => ({
      rows: [...from.rows, ...branch.rows],
      where: both(where, branch.where),
      targets: branch.targets,
    }));
  return [{ rows: from.rows, where, targets }];
}

function readTarget(reader: Reader, target: SyntaxNode, scope: Scope): { name: string; term: Term }[] {
  const value = target.val as SyntaxNode;
  const words = nodeType(value) === "ColumnRef" ? nameWords(value.ColumnRef.fields as SyntaxNode[]) : [];
  if (words.at(-1) === "*")
    return scope.entries.filter(({ alias }) => words.length === 1 || alias === words.at(-2)).flatMap(starOf);
  const name =
    (target.name as string | undefined) ?? words.at(-1) ?? nameWords(value.FuncCall?.funcname).at(-1) ?? "?column?";
  return [{ name, term: reader.term(value, scope) }];
}

function starOf({ source }: Entry): { name: string; term: Term }[] {
  if (!isRow(source)) return [...source.columns];
  return (source.relation?.columns ?? []).map(({ name }) => ({
    name,
    term: { kind: "column", row: source, column: name },
  }));
}

function readFrom(reader: Reader, item: SyntaxNode, scope: Scope, before: From): readonly From[] {
  const type = nodeType(item);
  const inner = item[type] as SyntaxNode;
  const add = (more: Partial<From>): From => ({
    entries: [...before.entries, ...(more.entries ?? [])],
    rows: [...before.rows, ...(more.rows ?? [])],
    where: [...before.where, ...(more.where ?? [])],
  });
  const alias = inner.alias?.aliasname as string | undefined;
  const columns = nameWords(inner.alias?.colnames as SyntaxNode[] | undefined);
  const derived = (select: Select, name: string): readonly From[] =>
    renamed(select, columns).branches.map((branch) => {
      const source: Derived = { columns: branch.targets };
      return add({ entries: [{ alias: name, source }], rows: branch.rows, where: [branch.where] });
    });
  switch (type) {
    case "RangeVar": {
      const query = inner.schemaname === undefined ? queryNamed(String(inner.relname), scope) : null;
      if (query !== null) return derived(query, alias ?? String(inner.relname));
      const relation = reader.catalog.relation(
        (inner.schemaname as string | undefined) ?? null,
        String(inner.relname),
        scope.path,
      );
      return [addRow(add, alias ?? String(inner.relname), relation, scope)];
    }
    case "RangeSubselect": {
      const place = inner.lateral === true ? inside(scope, { entries: before.entries }) : scope;
      return derived(reader.select(inner.subquery as SyntaxNode, place), alias ?? "subselect");
    }
    case "RangeFunction": {
      const place = inside(scope, { entries: before.entries });
      const call = list(inner.functions)[0]?.List?.items?.[0] as SyntaxNode | undefined;
      const term = reader.term(call, place);
      const select = term.kind === "call" ? setOf(term) : null;
      const name = alias ?? (term.kind === "call" ? term.name : "function");
      if (select !== null) return derived(select, name);
      // one value: a function in FROM without rows of its own
      if (term.kind === "call" && term.routine?.returnsSet === false)
        return derived({ branches: [{ rows: [], where: truth(true), targets: [{ name, term }] }] }, name);
      return [addRow(add, name, null, scope)];
    }
    case "JoinExpr": {
      const left = readFrom(reader, inner.larg as SyntaxNode, scope, before);
      const both = left.flatMap((from) => readFrom(reader, inner.rarg as SyntaxNode, scope, from));
      return both.map((from) => ({ ...from, where: [...from.where, ...joinCondition(reader, inner, scope, from)] }));
    }
    default:
      return [addRow(add, alias ?? type, null, scope)];
  }
}

function setOf(call: Term & { kind: "call" }): Select | null {
  const body = call.routine?.returnsSet === true ? call.body() : null;
  return body === null ? null : selectOf(body);
}

function addRow(
  add: (more: Partial<From>) => From,
  name: string,
  relation: RowVariable["relation"],
  scope: Scope,
): From {
  const row: RowVariable = { alias: freeAlias(name, scope), relation, actor: scope.actor, called: scope.depth > 0 };
  return add({ entries: [{ alias: name, source: row }], rows: [row] });
}

function joinCondition(reader: Reader, inner: SyntaxNode, scope: Scope, from: From): Term[] {
  const place = inside(scope, { entries: from.entries });
  if (inner.quals !== undefined) return [reader.term(inner.quals as SyntaxNode, place)];
  const using = inner.usingClause === undefined ? [] : nameWords(inner.usingClause as SyntaxNode[]);
  return using.map((column): Term => {
    const found = from.entries
      .map(({ source }) => starOf({ alias: "", source }).find(({ name }) => name === column)?.term)
      .filter((term) => term !== undefined);
    const [left = truth(null), right = truth(null)] = found.slice(-2);
    return { kind: "operator", schema: null, name: "=", left, right };
  });
}

function renamed(select: Select, names: readonly string[]): Select {
  if (names.length === 0) return select;
  return {
    branches: select.branches.map((branch) => ({
      ...branch,
      targets: branch.targets.map((target, at) => ({ ...target, name: names[at] ?? target.name })),
    })),
  };
}
