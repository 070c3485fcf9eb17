/**
 * What a policy says is equal to what: follows an expression through sub-selects, joins, casts and the project's own functions, and collects
 * pairs of values that are compared. That is how `exists (select … from members m where m.org_id = t.org_id and m.user_id = auth.uid())`,
 * `is_member(org_id)` and `org_id in (select my_orgs())` come to mean the same. AND, OR and NOT are not told apart: this is for understanding a
 * schema, and must never be used to judge whether a policy holds.
 */
import type { Relation, Routine } from "@watertight/schema";
import type { SyntaxNode } from "../../history/statement.ts";
import { dotted, type SchemaGraph } from "../schema/graph.ts";
import { nameWords, nodeType, parseExpression, parseStatements, stringConstant } from "../sql/parser.ts";
import { plpgsqlSteps } from "../sql/plpgsql.ts";
import { below, platformSource, type RawSource, settingSource, sourceKey } from "./source.ts";

/** A value that can be equal to another: a column of one appearance of a table, a source, or a name inside a function. */
export type Term =
  | { readonly kind: "column"; readonly id: string; readonly instance: number; readonly column: string }
  | { readonly kind: "source"; readonly id: string; readonly source: RawSource };

/** Everything found in one expression. */
export interface Equalities {
  /** Appearances of tables; number 0 is the row that the policy judges, where there is one. */
  readonly instances: readonly Relation[];
  readonly pairs: readonly (readonly [Term, Term])[];
  readonly sources: readonly RawSource[];
  /** Functions of the project that were followed, in the order of first use. */
  readonly followed: readonly Routine[];
  /** Parts that could not be read, as sentences. */
  readonly unread: readonly string[];
}

/** Where names are looked up. */
interface Scope {
  readonly parent: Scope | null;
  readonly entries: { readonly alias: string; lookup(column: string): Term[] | null; all(): Term[][] }[];
  /** WITH queries by name. */
  readonly queries: Map<string, { readonly names: readonly string[]; readonly terms: readonly Term[][] }>;
  /** Parameters and variables of a function. */
  readonly values: Map<string, Term[]>;
  readonly positions: readonly Term[][];
  /** Schemas for names without one. */
  readonly path: readonly string[];
}

const comparisons = new Set(["=", "@>", "<@", "&&", "~~", "~~*", "?", "?|"]);
const paths = new Set(["->", "->>", "#>", "#>>"]);
const roleFunctions = /^SVFOP_(CURRENT_USER|SESSION_USER|USER|CURRENT_ROLE)$/;
const maxDepth = 8;

/** Collects the equalities of a policy's or check's expression on a table's row. */
export function equalitiesOfExpression(graph: SchemaGraph, relation: Relation, text: string): Equalities {
  return collect(graph, (reader) => {
    const row = reader.appear(relation, relation.name);
    const node = parseExpression(text);
    if (!node) return reader.cannotRead(`an expression on ${dotted(relation)} does not parse`);
    reader.value(node, emptyScope({ entries: [row], path: [relation.schema, "public"] }));
  });
}

/** Collects the equalities of a function's body, its parameters unknown. */
export function equalitiesOfRoutine(graph: SchemaGraph, routine: Routine): Equalities {
  return collect(graph, (reader) => {
    reader.call(routine, []);
  });
}

function emptyScope(given: Partial<Scope>): Scope {
  return {
    parent: null,
    entries: [],
    queries: new Map(),
    values: new Map(),
    positions: [],
    path: ["public"],
    ...given,
  };
}

interface Reader {
  appear(relation: Relation, alias: string): Scope["entries"][number];
  value(node: SyntaxNode, scope: Scope): Term[];
  call(routine: Routine, args: readonly Term[][]): Term[][];
  cannotRead(sentence: string): void;
}

function collect(graph: SchemaGraph, read: (reader: Reader) => void): Equalities {
  const instances: Relation[] = [];
  const pairs: (readonly [Term, Term])[] = [];
  const sources = new Map<string, RawSource>();
  const followed = new Set<Routine>();
  const unread = new Set<string>();
  const stack: Routine[] = [];

  const link = (left: readonly Term[], right: readonly Term[]): void => {
    for (const one of left) for (const other of right) if (one.id !== other.id) pairs.push([one, other]);
  };
  const sourceTerm = (source: RawSource): Term[] => {
    sources.set(sourceKey(source), source);
    return [{ kind: "source", id: sourceKey(source), source }];
  };
  const appear: Reader["appear"] = (relation, alias) => {
    const instance = instances.push(relation) - 1;
    const term = (column: string): Term[] => [{ kind: "column", id: `${instance}.${column}`, instance, column }];
    return {
      alias,
      lookup: (column) => (graph.column(relation, column) ? term(column) : null),
      all: () => relation.columns.map((column) => term(column.name)),
    };
  };

  function columnTerms(words: readonly string[], scope: Scope | null): Term[] {
    const column = words.at(-1)!;
    const alias = words.length > 1 ? words.at(-2) : undefined;
    for (let at = scope; at; at = at.parent) {
      for (const entry of at.entries) {
        if (alias !== undefined && entry.alias !== alias) continue;
        const found = entry.lookup(column);
        if (found) return found;
      }
      // a function's own name may qualify its parameters: my_function.tenant
      const value = at.values.get(column);
      if (value && (alias === undefined || !at.entries.some((entry) => entry.alias === alias))) return value;
    }
    return [];
  }

  function keyPath(node: SyntaxNode | undefined): string[] {
    const text = stringConstant(node);
    return text === null ? [] : text.startsWith("{") ? text.slice(1, -1).split(",") : [text];
  }

  function descend(terms: readonly Term[], keys: readonly string[]): Term[] {
    return terms.flatMap((term) => {
      let source: RawSource | undefined = term.kind === "source" ? term.source : undefined;
      for (const key of keys) source = source && below(source, key);
      return source ? sourceTerm(source) : [];
    });
  }

  function all(nodes: readonly SyntaxNode[] | undefined, scope: Scope): Term[] {
    return (nodes ?? []).flatMap((node) => value(node, scope));
  }

  /** The values of a row: one for each position. */
  function row(node: SyntaxNode, scope: Scope): Term[][] {
    const parts = node.RowExpr?.args as SyntaxNode[] | undefined;
    return parts ? parts.map((part) => value(part, scope)) : [value(node, scope)];
  }

  function value(node: SyntaxNode, scope: Scope): Term[] {
    const type = nodeType(node);
    const inner = node[type];
    switch (type) {
      case "ColumnRef":
        return columnTerms(nameWords(inner.fields), scope);
      case "ParamRef":
        return scopeWithPositions(scope)?.positions[(inner.number as number) - 1] ?? [];
      case "TypeCast":
      case "CollateClause":
        return value(inner.arg, scope);
      case "SQLValueFunction":
        return roleFunctions.test(inner.op as string) ? sourceTerm({ kind: "role" }) : [];
      case "A_Expr":
        return operator(inner, scope);
      case "SubLink":
        return subLink(inner, scope);
      case "FuncCall":
        return functionCall(inner, scope)[0] ?? [];
      case "A_Indirection": {
        const base = value(inner.arg, scope);
        const keys = (inner.indirection as SyntaxNode[]).flatMap((each) => keyPath(each.A_Indices?.uidx));
        return keys.length > 0 ? descend(base, keys) : [];
      }
      case "CoalesceExpr":
      case "MinMaxExpr":
      case "RowExpr":
        return all(inner.args, scope);
      case "A_ArrayExpr":
        return all(inner.elements, scope);
      case "List":
        return all(inner.items, scope);
      case "CaseExpr":
        return [
          ...(inner.args as SyntaxNode[]).flatMap((each) => {
            value(each.CaseWhen.expr, scope);
            return value(each.CaseWhen.result, scope);
          }),
          ...(inner.defresult ? value(inner.defresult, scope) : []),
        ];
      case "BoolExpr":
        all(inner.args, scope);
        return [];
      case "NullTest":
      case "BooleanTest":
        value(inner.arg, scope);
        return [];
      default:
        return [];
    }
  }

  function scopeWithPositions(scope: Scope | null): Scope | null {
    for (let at = scope; at; at = at.parent) if (at.positions.length > 0) return at;
    return null;
  }

  function operator(inner: SyntaxNode, scope: Scope): Term[] {
    const name = nameWords(inner.name as SyntaxNode[]).at(-1)!;
    const kind = inner.kind as string;
    if (kind === "AEXPR_NULLIF") {
      value(inner.rexpr, scope);
      return value(inner.lexpr, scope);
    }
    if (paths.has(name)) return descend(value(inner.lexpr, scope), keyPath(inner.rexpr));
    const left = inner.lexpr ? row(inner.lexpr, scope) : [];
    const right = inner.rexpr ? row(inner.rexpr, scope) : [];
    if (kind === "AEXPR_IN" || kind === "AEXPR_OP_ANY" || kind === "AEXPR_NOT_DISTINCT" || comparisons.has(name)) {
      if (name !== "<>") left.forEach((terms, position) => link(terms, right[position] ?? []));
      return [];
    }
    // tenant || ':x' and the like: the value is made of it, and compared somewhere above
    return name === "||" ? [...left.flat(), ...right.flat()].filter((term) => term.kind === "source") : [];
  }

  function subLink(inner: SyntaxNode, scope: Scope): Term[] {
    const { terms } = query(inner.subselect.SelectStmt, scope);
    const type = inner.subLinkType as string;
    if (type === "ANY_SUBLINK" || type === "ALL_SUBLINK") {
      // NOT IN comes as NOT over ANY; only `<> ALL` has another operator
      const [name = "="] = nameWords(inner.operName);
      if (name === "=" && inner.testexpr)
        row(inner.testexpr, scope).forEach((left, position) => link(left, terms[position] ?? []));
      return [];
    }
    return type === "EXISTS_SUBLINK" ? [] : (terms[0] ?? []);
  }

  /** The results of a call, one list for each column it returns. */
  function functionCall(inner: SyntaxNode, scope: Scope): Term[][] {
    const words = nameWords(inner.funcname as SyntaxNode[]);
    const name = words.at(-1)!;
    const schema = words.length > 1 ? words.at(-2) : undefined;
    const argNodes = (inner.args ?? []) as SyntaxNode[];
    if (name === "current_setting") {
      const setting = stringConstant(argNodes[0]);
      if (setting !== null) return [sourceTerm(settingSource(setting))];
    }
    const platform = platformSource(schema, name);
    if (platform) return [sourceTerm(platform)];
    const args = argNodes.map((each) => value((each.NamedArgExpr?.arg as SyntaxNode | undefined) ?? each, scope));
    if (/^jsonb?_extract_path(_text)?$/.test(name))
      return [
        descend(
          args[0] ?? [],
          argNodes.slice(1).flatMap((each) => keyPath(each)),
        ),
      ];
    const routine = chosen(graph.routines(schema, name), args.length, scope);
    if (routine) return call(routine, args);
    // lower(), btrim(), unnest(), to_jsonb(), split_part() …: their first argument, changed
    return [args[0] ?? []];
  }

  function chosen(candidates: readonly Routine[], count: number, scope: Scope): Routine | undefined {
    const fitting = candidates.filter((each) => each.arguments.length >= count);
    for (let at: Scope | null = scope; at; at = at.parent)
      for (const schema of at.path) {
        const found = fitting.find((each) => each.schema === schema);
        if (found) return found;
      }
    return fitting[0];
  }

  function call(routine: Routine, args: readonly Term[][]): Term[][] {
    if (stack.includes(routine) || stack.length >= maxDepth) return [];
    followed.add(routine);
    stack.push(routine);
    try {
      return body(routine, args);
    } finally {
      stack.pop();
    }
  }

  function body(routine: Routine, args: readonly Term[][]): Term[][] {
    const values = new Map<string, Term[]>();
    routine.argumentNames.forEach((name, position) => {
      if (name !== "") values.set(name, [...(args[position] ?? [])]);
    });
    const setting = routine.settings.find((each) => each.startsWith("search_path="))?.slice(12) ?? "";
    const path = [...setting.split(",").map((each) => each.trim().replaceAll('"', "")), routine.schema, "public"];
    const scope = emptyScope({ values, positions: args, path });
    const steps =
      routine.language === "sql"
        ? sqlBody(routine.body)
        : routine.language === "plpgsql"
          ? plpgsqlSteps(routine)
          : null;
    if (!steps) {
      unread.add(`the body of ${routine.signature} could not be read`);
      return [];
    }
    if (steps.dynamic) unread.add(`${routine.signature} runs SQL that it builds itself`);
    let result: Term[][] = [];
    for (const step of steps.steps) {
      const { terms } = step.query ? query(step.query, scope) : { terms: [value(step.expression!, scope)] };
      step.into.forEach((name, position) => {
        const known = values.get(name) ?? [];
        values.set(name, [...known, ...(terms[position] ?? [])]);
      });
      if (step.returns) result = terms.map((each, position) => [...(result[position] ?? []), ...each]);
    }
    return result;
  }

  function query(select: SyntaxNode, outer: Scope): { names: string[]; terms: Term[][] } {
    if (select.larg) {
      const scope = withQueries(select, outer);
      const left = query(select.larg, scope);
      const right = query(select.rarg, scope);
      return { names: left.names, terms: left.terms.map((each, at) => [...each, ...(right.terms[at] ?? [])]) };
    }
    const scope = withQueries(select, outer);
    for (const item of (select.fromClause ?? []) as SyntaxNode[]) from(item, scope);
    for (const list of (select.valuesLists ?? []) as SyntaxNode[])
      return { names: [], terms: (list.List.items as SyntaxNode[]).map((each) => value(each, scope)) };
    if (select.whereClause) value(select.whereClause, scope);
    if (select.havingClause) value(select.havingClause, scope);
    const names: string[] = [];
    const terms: Term[][] = [];
    for (const { ResTarget: target } of (select.targetList ?? []) as SyntaxNode[]) {
      const words = nameWords(target?.val?.ColumnRef?.fields);
      if (words.at(-1) === "*") {
        const shown = scope.entries.filter((entry) => words.length === 1 || entry.alias === words.at(-2));
        for (const each of shown.flatMap((entry) => entry.all())) {
          terms.push(each);
          names.push(each[0]?.kind === "column" ? each[0].column : "");
        }
        continue;
      }
      terms.push(target?.val ? value(target.val, scope) : []);
      names.push((target?.name as string | undefined) ?? words.at(-1) ?? "");
    }
    return { names, terms };
  }

  function withQueries(select: SyntaxNode, outer: Scope): Scope {
    const scope = emptyScope({ parent: outer, path: outer.path });
    for (const { CommonTableExpr: cte } of (select.withClause?.ctes ?? []) as SyntaxNode[])
      if (cte?.ctequery?.SelectStmt) {
        const found = query(cte.ctequery.SelectStmt, scope);
        const aliases = nameWords(cte.aliascolnames);
        scope.queries.set(cte.ctename as string, {
          names: found.names.map((name, at) => aliases[at] ?? name),
          terms: found.terms,
        });
      }
    return scope;
  }

  function entry(alias: string, names: readonly string[], terms: readonly Term[][]): Scope["entries"][number] {
    return {
      alias,
      lookup: (column) => {
        const at = names.indexOf(column);
        // select * from f() g: the alias of a function that returns one value is also its column
        return at >= 0 ? [...(terms[at] ?? [])] : column === alias && terms.length === 1 ? [...terms[0]!] : null;
      },
      all: () => terms.map((each) => [...each]),
    };
  }

  function from(item: SyntaxNode, scope: Scope): void {
    const type = nodeType(item);
    const inner = item[type];
    const alias = inner.alias?.aliasname as string | undefined;
    const columnAliases = nameWords(inner.alias?.colnames);
    if (type === "JoinExpr") {
      const before = scope.entries.length;
      from(inner.larg, scope);
      const between = scope.entries.length;
      from(inner.rarg, scope);
      for (const name of nameWords(inner.usingClause))
        for (const left of scope.entries.slice(before, between))
          for (const right of scope.entries.slice(between)) link(left.lookup(name) ?? [], right.lookup(name) ?? []);
      if (inner.quals) value(inner.quals, scope);
    } else if (type === "RangeVar") {
      const named = inner.schemaname === undefined ? findQuery(inner.relname as string, scope) : undefined;
      if (named) return void scope.entries.push(entry(alias ?? inner.relname, named.names, named.terms));
      const relation = graph.find(inner.schemaname, inner.relname, pathOf(scope));
      if (relation) scope.entries.push(appear(relation, alias ?? inner.relname));
      else unread.add(`${inner.relname} is not a table of this schema`);
    } else if (type === "RangeSubselect" && inner.subquery?.SelectStmt) {
      const found = query(inner.subquery.SelectStmt, scope);
      const names = found.names.map((name, at) => columnAliases[at] ?? name);
      scope.entries.push(entry(alias ?? "", names, found.terms));
    } else if (type === "RangeFunction") {
      const items = inner.functions?.[0]?.List?.items as SyntaxNode[] | undefined;
      const callNode = items?.[0];
      const terms = callNode?.FuncCall
        ? functionCall(callNode.FuncCall, scope)
        : callNode
          ? [value(callNode, scope)]
          : [];
      const name = alias ?? nameWords(callNode?.FuncCall?.funcname).at(-1) ?? "";
      scope.entries.push(entry(name, columnAliases.length > 0 ? columnAliases : [name], terms));
    }
  }

  function findQuery(name: string, scope: Scope): ReturnType<Scope["queries"]["get"]> {
    for (let at: Scope | null = scope; at; at = at.parent) if (at.queries.has(name)) return at.queries.get(name);
    return undefined;
  }

  const reader: Reader = { appear, value, call, cannotRead: (sentence) => void unread.add(sentence) };
  read(reader);
  return {
    instances,
    pairs,
    sources: [...sources.values()],
    followed: [...followed],
    unread: [...unread],
  };
}

function pathOf(scope: Scope): readonly string[] {
  return scope.path;
}

function sqlBody(body: string): ReturnType<typeof plpgsqlSteps> {
  // BEGIN ATOMIC … END and RETURN … come back from the catalog as they were written there
  const atomic = /^\s*begin\s+atomic\s+([\s\S]*?);?\s*end\s*;?\s*$/i.exec(body)?.[1];
  const returned = /^\s*return\s+([\s\S]*?);?\s*$/i.exec(body)?.[1];
  const statements = parseStatements(atomic ?? (returned === undefined ? body : `select ${returned}`));
  if (!statements) return null;
  return {
    dynamic: false,
    steps: statements.flatMap((statement, at) =>
      statement.SelectStmt
        ? [{ query: statement.SelectStmt as SyntaxNode, into: [], returns: at === statements.length - 1 }]
        : [],
    ),
  };
}
