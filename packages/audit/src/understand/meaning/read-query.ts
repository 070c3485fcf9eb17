/**
 * The values that a SELECT answers, and the pairs that its FROM, joins and WHERE compare. Must never look at rows; a VALUES list counts by its
 * first row.
 */
import type { SyntaxNode } from "../../history/statement.ts";
import { nameWords, nodeType } from "../sql/parser.ts";
import type { Reader } from "./reader.ts";
import { derivedEntry, findQuery, type QueryTerms, type Scope, scopeWith, type Term } from "./scope.ts";

/** Reads a SelectStmt within a scope. */
export function readQuery(reader: Reader, select: SyntaxNode, outer: Scope): QueryTerms {
  const scope = withQueries(reader, select, outer);
  if (select.larg) {
    const left = reader.query(select.larg, scope);
    const right = reader.query(select.rarg, scope);
    return { names: left.names, terms: left.terms.map((each, at) => [...each, ...(right.terms[at] ?? [])]) };
  }
  for (const item of (select.fromClause ?? []) as SyntaxNode[]) readFrom(reader, item, scope);
  const [values] = (select.valuesLists ?? []) as SyntaxNode[];
  if (values) return { names: [], terms: (values.List.items as SyntaxNode[]).map((each) => reader.value(each, scope)) };
  if (select.whereClause) reader.value(select.whereClause, scope);
  if (select.havingClause) reader.value(select.havingClause, scope);
  return readTargets(reader, (select.targetList ?? []) as SyntaxNode[], scope);
}

function readTargets(reader: Reader, targets: readonly SyntaxNode[], scope: Scope): QueryTerms {
  const names: string[] = [];
  const terms: (readonly Term[])[] = [];
  for (const { ResTarget: target } of targets) {
    const words = nameWords(target?.val?.ColumnRef?.fields);
    if (words.at(-1) === "*") {
      const shown = scope.entries.filter((entry) => words.length === 1 || entry.alias === words.at(-2));
      for (const each of shown.flatMap((entry) => entry.all())) {
        terms.push(each);
        names.push(each[0]?.kind === "column" ? each[0].column : "");
      }
      continue;
    }
    terms.push(target?.val ? reader.value(target.val, scope) : []);
    names.push((target?.name as string | undefined) ?? words.at(-1) ?? "");
  }
  return { names, terms };
}

function withQueries(reader: Reader, select: SyntaxNode, outer: Scope): Scope {
  const scope = scopeWith({ parent: outer, path: outer.path });
  for (const { CommonTableExpr: cte } of (select.withClause?.ctes ?? []) as SyntaxNode[])
    if (cte?.ctequery?.SelectStmt) {
      // it may call itself: what it then finds under its own name is its first part, which is what counts
      const found = reader.query(cte.ctequery.SelectStmt, scope);
      const aliases = nameWords(cte.aliascolnames);
      scope.queries.set(cte.ctename as string, {
        names: found.names.map((name, at) => aliases[at] ?? name),
        terms: found.terms,
      });
    }
  return scope;
}

function readFrom(reader: Reader, item: SyntaxNode, scope: Scope): void {
  const type = nodeType(item);
  const inner = item[type] as SyntaxNode;
  switch (type) {
    case "JoinExpr":
      return readJoin(reader, inner, scope);
    case "RangeVar":
      return readTable(reader, inner, scope);
    case "RangeSubselect": {
      if (!inner.subquery?.SelectStmt) return;
      const found = reader.query(inner.subquery.SelectStmt, scope);
      const aliases = columnAliases(inner);
      const names = found.names.map((name, at) => aliases[at] ?? name);
      scope.entries.push(derivedEntry(aliasOf(inner) ?? "", { names, terms: found.terms }));
      return;
    }
    case "RangeFunction": {
      const items = inner.functions?.[0]?.List?.items as SyntaxNode[] | undefined;
      const call = items?.[0]?.FuncCall as SyntaxNode | undefined;
      const terms = call ? reader.callNode(call, scope) : items?.[0] ? [reader.value(items[0], scope)] : [];
      const name = aliasOf(inner) ?? nameWords(call?.funcname).at(-1) ?? "";
      const aliases = columnAliases(inner);
      const names = aliases.length > 0 ? aliases : (returnedNames(reader, call) ?? [name]);
      scope.entries.push(derivedEntry(name, { names, terms }));
    }
  }
}

function readJoin(reader: Reader, inner: SyntaxNode, scope: Scope): void {
  const before = scope.entries.length;
  readFrom(reader, inner.larg, scope);
  const between = scope.entries.length;
  readFrom(reader, inner.rarg, scope);
  for (const name of nameWords(inner.usingClause))
    for (const left of scope.entries.slice(before, between))
      for (const right of scope.entries.slice(between)) reader.link(left.lookup(name) ?? [], right.lookup(name) ?? []);
  if (inner.quals) reader.value(inner.quals, scope);
}

function readTable(reader: Reader, inner: SyntaxNode, scope: Scope): void {
  const name = inner.relname as string;
  const schema = inner.schemaname as string | undefined;
  const alias = aliasOf(inner) ?? name;
  const named = schema === undefined ? findQuery(name, scope) : undefined;
  if (named) return void scope.entries.push(derivedEntry(alias, named));
  const relation = reader.graph.find(schema, name, scope.path);
  if (!relation) return reader.unread(`${name} is not a table of this schema`);
  const view = relation.kind === "v" ? reader.view(relation) : undefined;
  scope.entries.push(view ? derivedEntry(alias, view) : reader.appear(relation, alias));
}

/** Names of the columns of a function that returns a table. */
function returnedNames(reader: Reader, call: SyntaxNode | undefined): string[] | undefined {
  const words = nameWords(call?.funcname);
  const [routine] = call ? reader.graph.routines(words.length > 1 ? words.at(-2) : undefined, words.at(-1)!) : [];
  const table = routine && /^TABLE\((.*)\)$/i.exec(routine.returns)?.[1];
  return table?.split(",").map((column) => column.trim().replace(/^"?([^"\s]+)"?.*$/, "$1"));
}

function aliasOf(inner: SyntaxNode): string | undefined {
  return inner.alias?.aliasname as string | undefined;
}

function columnAliases(inner: SyntaxNode): string[] {
  return nameWords(inner.alias?.colnames);
}
