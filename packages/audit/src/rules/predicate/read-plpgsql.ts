/**
 * What a PL/pgSQL function answers: its statements are followed with the values that its variables hold, branches become CASE, an exception that
 * it raises is NULL (no row gets through). Must never run anything; loops and SQL built at run time are opaque.
 */
import type { Routine } from "@watertight/schema";
import type { SyntaxNode } from "../../history/statement.ts";
import { nodeType, parseExpression, parsePlPgSql, parseStatements } from "../../understand/sql/parser.ts";
import type { Derived, Reader, Scope } from "./scope.ts";
import { selectOf, type Select, type Term, truth } from "./term.ts";

const tag = "$watertight_body$";
const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** The syntax tree of a routine's body; null where it does not parse. */
export function plpgsqlTree(routine: Routine): SyntaxNode | null {
  const args = routine.arguments.map(
    (type, at) => `${routine.argumentNames[at] ? quote(routine.argumentNames[at]) : ""} ${type}`,
  );
  const procedure = routine.kind === "procedure";
  const returns = procedure ? "" : ` returns ${routine.returns}`;
  return parsePlPgSql(
    `create ${procedure ? "procedure" : "function"} f(${args.join(", ")})${returns} language plpgsql as ${tag}${routine.body}${tag}`,
  );
}

/** The value of an expression node of the tree. */
export const queryText = (node: SyntaxNode | undefined): string | undefined =>
  node?.PLpgSQL_expr?.query as string | undefined;

const list = (value: unknown): SyntaxNode[] => (value as SyntaxNode[] | undefined) ?? [];
const unreadable = (text: string): Term => ({ kind: "opaque", text, terms: [] });

interface Walk {
  readonly reader: Reader;
  readonly returnsSet: boolean;
  readonly datums: readonly SyntaxNode[];
  /** Statements that may still be followed: two branches before every return would double without end. */
  budget: number;
}

/** What a routine answers; null where its body does not parse. `scope` holds the arguments. */
export function plpgsqlAnswer(reader: Reader, routine: Routine, scope: Scope): Term | null {
  const tree = plpgsqlTree(routine);
  if (tree === null) return null;
  const datums = list(tree.datums);
  const variables = new Map(scope.variables);
  const walk: Walk = { reader, returnsSet: routine.returnsSet, datums, budget: 400 };
  for (const { PLpgSQL_var: variable } of datums) {
    const name = variable?.refname as string | undefined;
    const value = queryText(variable?.default_val as SyntaxNode | undefined);
    if (name === undefined || variables.has(name)) continue;
    variables.set(
      name,
      value === undefined ? truth(null) : expression(walk, value, { ...scope, variables: new Map(variables) }),
    );
  }
  return follow(walk, [tree.action as SyntaxNode], { ...scope, variables });
}

function expression(walk: Walk, text: string, scope: Scope): Term {
  const node = parseExpression(text);
  return node === null ? unreadable(text) : walk.reader.term(node, scope);
}

/** The answer of a list of statements, to its end. */
function follow(walk: Walk, statements: readonly SyntaxNode[], scope: Scope): Term {
  const [statement, ...rest] = statements;
  walk.budget -= 1;
  if (walk.budget < 0) return unreadable("a function with many branches");
  if (statement === undefined) return walk.returnsSet ? { kind: "select", select: { branches: [] } } : truth(null);
  const type = nodeType(statement);
  const inner = statement[type] as SyntaxNode;
  switch (type) {
    case "PLpgSQL_stmt_block":
      return follow(walk, [...list(inner.body), ...rest], scope);
    case "PLpgSQL_stmt_return": {
      if (walk.returnsSet) return { kind: "select", select: { branches: [] } };
      const text = queryText(inner.expr as SyntaxNode | undefined);
      return text === undefined
        ? variable(walk, inner.retvarno as number | undefined, scope)
        : expression(walk, text, scope);
    }
    case "PLpgSQL_stmt_return_query": {
      const text = queryText(inner.query as SyntaxNode | undefined);
      const tree = text === undefined ? undefined : parseStatements(text)?.[0];
      if (tree?.SelectStmt === undefined) return unreadable("return query execute");
      const after = selectOf(follow(walk, rest, scope));
      const select = walk.reader.select(tree, scope);
      return { kind: "select", select: { branches: [...select.branches, ...(after?.branches ?? [])] } };
    }
    case "PLpgSQL_stmt_if": {
      const elsifs = list(inner.elsif_list).map((each) => each.PLpgSQL_if_elsif as SyntaxNode);
      const ways = [
        { cond: inner.cond, body: inner.then_body },
        ...elsifs.map((each) => ({ cond: each.cond, body: each.stmts })),
      ];
      return choose(walk, ways, list(inner.else_body), rest, scope);
    }
    case "PLpgSQL_stmt_case": {
      const selector = queryText(inner.t_expr as SyntaxNode | undefined);
      const name =
        (walk.datums[(inner.t_varno as number | undefined) ?? -1]?.PLpgSQL_var?.refname as string | undefined) ?? "";
      const place = selector === undefined ? scope : withVariable(scope, name, expression(walk, selector, scope));
      const ways = list(inner.case_when_list).map((each) => ({
        cond: each.PLpgSQL_case_when.expr,
        body: each.PLpgSQL_case_when.stmts,
      }));
      return choose(walk, ways, list(inner.else_stmts), rest, place);
    }
    case "PLpgSQL_stmt_raise":
      // 21 is ERROR; notices go on
      return ((inner.elog_level as number | undefined) ?? 0) >= 21 ? truth(null) : follow(walk, rest, scope);
    case "PLpgSQL_stmt_assign": {
      const whole = queryText(inner.expr as SyntaxNode) ?? "";
      const [match, name] = /^\s*"?([\w$]+)"?\s*:?=/.exec(whole) ?? [];
      if (match === undefined || name === undefined) return follow(walk, rest, scope);
      return follow(walk, rest, withVariable(scope, name, expression(walk, whole.slice(match.length), scope)));
    }
    case "PLpgSQL_stmt_execsql":
      return follow(walk, rest, afterQuery(walk, inner, scope));
    case "PLpgSQL_stmt_perform": {
      const tree = parseStatements(queryText(inner.expr as SyntaxNode) ?? "")?.[0];
      return follow(walk, rest, tree?.SelectStmt === undefined ? scope : found(scope, walk.reader.select(tree, scope)));
    }
    case "PLpgSQL_stmt_loop":
    case "PLpgSQL_stmt_while":
    case "PLpgSQL_stmt_fori":
    case "PLpgSQL_stmt_fors":
    case "PLpgSQL_stmt_forc":
    case "PLpgSQL_stmt_foreach_a":
    case "PLpgSQL_stmt_dynfors":
    case "PLpgSQL_stmt_dynexecute":
    case "PLpgSQL_stmt_return_next":
      return unreadable("a function with a loop or SQL built at run time");
    default:
      return follow(walk, rest, scope);
  }
}

function choose(
  walk: Walk,
  ways: readonly { readonly cond: unknown; readonly body: unknown }[],
  otherwise: readonly SyntaxNode[],
  rest: readonly SyntaxNode[],
  scope: Scope,
): Term {
  const answer = (body: readonly SyntaxNode[]): Term => follow(walk, [...body, ...rest], scope);
  const whens = ways.map(({ cond, body }) => ({
    when: expression(walk, queryText(cond as SyntaxNode) ?? "null", scope),
    result: answer(list(body)),
  }));
  const last = answer(otherwise);
  if (walk.returnsSet) return { kind: "select", select: anyBranch([...whens.map(({ result }) => result), last]) };
  return { kind: "case", whens, otherwise: last };
}

/** Rows of any branch may come out. */
function anyBranch(terms: readonly Term[]): Select {
  return { branches: terms.flatMap((term) => selectOf(term)?.branches ?? []) };
}

function withVariable(scope: Scope, name: string, value: Term | Derived): Scope {
  return { ...scope, variables: new Map([...scope.variables, [name, value]]) };
}

function found(scope: Scope, select: Select): Scope {
  return withVariable(scope, "found", { kind: "exists", select });
}

function variable(walk: Walk, number: number | undefined, scope: Scope): Term {
  const datum = walk.datums[number ?? 0];
  const name = (datum?.PLpgSQL_var?.refname ?? datum?.PLpgSQL_rec?.refname) as string | undefined;
  const value = name === undefined ? undefined : scope.variables.get(name);
  return value !== undefined && "kind" in value ? value : unreadable(name ?? "return");
}

/** SELECT … INTO fills variables; other statements change data, not what is answered. */
function afterQuery(walk: Walk, inner: SyntaxNode, scope: Scope): Scope {
  const tree = parseStatements(queryText(inner.sqlstmt as SyntaxNode) ?? "")?.[0];
  if (tree?.SelectStmt === undefined) return scope;
  const select = walk.reader.select(tree, scope);
  const column = (at: number): Term => ({
    kind: "select",
    select: { branches: select.branches.map((branch) => ({ ...branch, targets: branch.targets.slice(at, at + 1) })) },
  });
  const target = inner.target as SyntaxNode | undefined;
  const fields = target?.PLpgSQL_row?.fields as { name: string }[] | undefined;
  const names = fields?.map(({ name }) => name) ?? [];
  const single = (target?.PLpgSQL_var?.refname ?? null) as string | null;
  const record = (target?.PLpgSQL_rec?.refname ?? null) as string | null;
  let after = found(scope, select);
  for (const [at, name] of (single === null ? names : [single]).entries())
    after = withVariable(after, name, column(at));
  if (record === null) return after;
  const columns = (select.branches[0]?.targets ?? []).map(({ name }, at) => ({ name, term: column(at) }));
  return withVariable(after, record, { columns });
}
