/**
 * What names mean at a place of an expression: tables of FROM, WITH queries, parameters, variables, and the places around it. PostgreSQL's own
 * order: the innermost FROM that has the column wins, and a column wins over a parameter of the same name (that is how B10 happens).
 */
import type { SyntaxNode } from "../../history/statement.ts";
import type { Catalog } from "./catalog.ts";
import type { RowVariable, Select, Term } from "./term.ts";

/** Columns of a sub-select in FROM or of a WITH query. */
export interface Derived {
  readonly columns: readonly { readonly name: string; readonly term: Term }[];
}

/** Something in FROM. */
export interface Entry {
  readonly alias: string;
  readonly source: RowVariable | Derived;
}

/** A place in an expression. */
export interface Scope {
  readonly entries: readonly Entry[];
  readonly outer: Scope | null;
  readonly queries: ReadonlyMap<string, Select>;
  /** Parameters and variables. A record is a list of fields. */
  readonly variables: ReadonlyMap<string, Term | Derived>;
  readonly positions: readonly Term[];
  /** Schemas for names without one. */
  readonly path: readonly string[];
  readonly actor: string | null;
  /** Functions entered so far. */
  readonly depth: number;
  /** Aliases already taken, so that two rows never print alike. */
  readonly taken: Set<string>;
}

/** The reader of expressions: its parts call each other through it. */
export interface Reader {
  readonly catalog: Catalog;
  term(node: SyntaxNode | undefined, scope: Scope): Term;
  select(node: SyntaxNode, scope: Scope): Select;
  call(node: SyntaxNode, scope: Scope): Term;
}

/** A place with nothing in it but what is given. */
export function scope(given: Partial<Scope>): Scope {
  return {
    entries: [],
    outer: null,
    queries: new Map(),
    variables: new Map(),
    positions: [],
    path: ["public"],
    actor: null,
    depth: 0,
    taken: new Set(),
    ...given,
  };
}

/** A place within another one. */
export function inside(outer: Scope, given: Partial<Scope>): Scope {
  return { ...outer, entries: [], queries: new Map(), outer, ...given };
}

/** An alias that no other row has. */
export function freeAlias(wanted: string, { taken }: Scope): string {
  let alias = wanted;
  for (let number = 2; taken.has(alias); number += 1) alias = `${wanted}_${number}`;
  taken.add(alias);
  return alias;
}

/** Whether a source is an appearance of a table. */
export function isRow(source: RowVariable | Derived): source is RowVariable {
  return "alias" in source;
}

/** The WITH query of a name, from the inside out. */
export function queryNamed(name: string, from: Scope): Select | null {
  for (let place: Scope | null = from; place !== null; place = place.outer) {
    const found = place.queries.get(name);
    if (found !== undefined) return found;
  }
  return null;
}

function columnOf(source: RowVariable | Derived, column: string, catalog: Catalog): Term | null {
  if (!isRow(source)) return source.columns.find(({ name }) => name === column)?.term ?? null;
  const known = source.relation === null || catalog.column(source.relation, column) !== null;
  return known ? { kind: "column", row: source, column } : null;
}

/** The meaning of a dotted name, or null. */
export function resolve(words: readonly string[], from: Scope, catalog: Catalog): Term | null {
  const column = words.at(-1)!;
  const qualifier = words.at(-2);
  for (let place: Scope | null = from; place !== null; place = place.outer)
    for (const { alias, source } of place.entries) {
      if (qualifier !== undefined && alias !== qualifier) continue;
      if (qualifier === undefined && isRow(source) && source.relation === null) continue;
      const found = columnOf(source, column, catalog);
      if (found !== null) return found;
    }
  if (qualifier !== undefined) {
    const record = from.variables.get(qualifier);
    if (record !== undefined && !("kind" in record))
      return record.columns.find(({ name }) => name === column)?.term ?? null;
  }
  const variable = from.variables.get(column);
  return variable !== undefined && "kind" in variable ? variable : null;
}
