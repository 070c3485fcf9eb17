/**
 * Names inside an expression and what they stand for, as PostgreSQL resolves them: the innermost query first, and in a query its tables before
 * the parameters of the function around it. Must never find a column that the real scope would not.
 */
import type { RawSource } from "./source.ts";

/** A value that can be equal to another: a column of one appearance of a table, or a source. */
export type Term =
  | { readonly kind: "column"; readonly id: string; readonly instance: number; readonly column: string }
  | { readonly kind: "source"; readonly id: string; readonly source: RawSource };

/** Something in FROM. */
export interface Entry {
  readonly alias: string;
  lookup(column: string): readonly Term[] | null;
  /** Its columns in order, for a star. */
  all(): readonly (readonly Term[])[];
}

/** What a query answers: a name and the values for each column. */
export interface QueryTerms {
  readonly names: readonly string[];
  readonly terms: readonly (readonly Term[])[];
}

/** Where names are looked up. */
export interface Scope {
  readonly parent: Scope | null;
  readonly entries: Entry[];
  /** WITH queries by name. */
  readonly queries: Map<string, QueryTerms>;
  /** Parameters and variables of a function. */
  readonly values: Map<string, readonly Term[]>;
  /** Parameters by position. */
  readonly positions: readonly (readonly Term[])[];
  /** Schemas for names without one. */
  readonly path: readonly string[];
}

/** A scope with the parts given. */
export function scopeWith(given: Partial<Scope>): Scope {
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

/** The values of a column reference: [column], [table, column] or [schema, table, column]. */
export function columnTerms(words: readonly string[], scope: Scope): readonly Term[] {
  const column = words.at(-1)!;
  const alias = words.length > 1 ? words.at(-2) : undefined;
  for (let at: Scope | null = scope; at; at = at.parent) {
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

/** The values of $1, $2 … of the function around. */
export function positionTerms(number: number, scope: Scope): readonly Term[] {
  for (let at: Scope | null = scope; at; at = at.parent)
    if (at.positions.length > 0) return at.positions[number - 1] ?? [];
  return [];
}

/** The WITH query of a name. */
export function findQuery(name: string, scope: Scope): QueryTerms | undefined {
  for (let at: Scope | null = scope; at; at = at.parent) if (at.queries.has(name)) return at.queries.get(name);
  return undefined;
}

/** A sub-select, a function or a WITH query as something in FROM. */
export function derivedEntry(alias: string, { names, terms }: QueryTerms): Entry {
  return {
    alias,
    lookup: (column) => {
      const at = names.indexOf(column);
      // select g from f() g: the alias of a function that returns one value is also its column
      return at >= 0 ? (terms[at] ?? []) : column === alias && terms.length === 1 ? terms[0]! : null;
    },
    all: () => terms,
  };
}
