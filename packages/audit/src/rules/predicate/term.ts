/**
 * Expressions of policies and of the functions that they call, as values: names resolved to rows, casts kept, everything else as written. Must
 * never hold more than the text says: what could not be read is `opaque`, and whoever judges it has to say "unknown".
 */
import type { Relation, Routine } from "@watertight/schema";

/** One appearance of a table in an expression. `actor` is the definer under whose rights it is read, null for the caller. */
export interface RowVariable {
  readonly alias: string;
  /** Null for what is no table of the snapshot (a function in FROM, VALUES). */
  readonly relation: Relation | null;
  readonly actor: string | null;
  /** It stands in the body of a function. */
  readonly called: boolean;
}

/** Rows, condition and answers of one SELECT; joins are flattened into `where`. */
export interface Branch {
  readonly rows: readonly RowVariable[];
  readonly where: Term;
  readonly targets: readonly { readonly name: string; readonly term: Term }[];
}

/** A sub-select: several branches for UNION. */
export interface Select {
  readonly branches: readonly Branch[];
}

/** An expression. */
export type Term =
  | { readonly kind: "and" | "or"; readonly terms: readonly Term[] }
  | { readonly kind: "not"; readonly term: Term }
  | { readonly kind: "constant"; readonly value: string | boolean | null; readonly quoted: boolean }
  | { readonly kind: "column"; readonly row: RowVariable; readonly column: string }
  /** Any binary operator, = and ~~ as well as + and ->>. `schema` is null for PostgreSQL's own. */
  | {
      readonly kind: "operator";
      readonly schema: string | null;
      readonly name: string;
      readonly left: Term;
      readonly right: Term;
    }
  /** IS [NOT] DISTINCT FROM. */
  | { readonly kind: "distinct"; readonly left: Term; readonly right: Term }
  | { readonly kind: "is"; readonly term: Term; readonly what: "null" | "true" | "false" }
  /** `body` is what the function of the project answers with these arguments; null where it can't be read. */
  | {
      readonly kind: "call";
      readonly schema: string | null;
      readonly name: string;
      readonly args: readonly Term[];
      readonly routine: Routine | null;
      body(): Term | null;
    }
  /** current_user, session_user and their like. */
  | { readonly kind: "keyword"; readonly name: string }
  | { readonly kind: "cast"; readonly term: Term; readonly type: string }
  | { readonly kind: "coalesce"; readonly terms: readonly Term[] }
  | { readonly kind: "nullif"; readonly left: Term; readonly right: Term }
  | {
      readonly kind: "case";
      readonly whens: readonly { readonly when: Term; readonly result: Term }[];
      readonly otherwise: Term;
    }
  | { readonly kind: "select"; readonly select: Select }
  | { readonly kind: "exists"; readonly select: Select }
  /** `left = ANY (…)`; ALL is `not any (not …)`. */
  | { readonly kind: "any"; readonly name: string; readonly left: Term; readonly right: Term | Select }
  | { readonly kind: "array"; readonly terms: readonly Term[] }
  | { readonly kind: "array select"; readonly select: Select }
  | { readonly kind: "tuple"; readonly terms: readonly Term[] }
  /** Not understood; `terms` are the parts that were. */
  | { readonly kind: "opaque"; readonly text: string; readonly terms: readonly Term[] };

/** Whether the right side of ANY is a sub-select. */
export function isSelect(value: Term | Select): value is Select {
  return "branches" in value;
}

/** The truth value. */
export function truth(value: boolean | null): Term {
  return { kind: "constant", value, quoted: false };
}

/** A conjunction without needless brackets. */
export function both(...terms: readonly Term[]): Term {
  const kept = terms.filter((term) => !(term.kind === "constant" && term.value === true));
  return kept.length === 1 ? kept[0]! : kept.length === 0 ? truth(true) : { kind: "and", terms: kept };
}

function selectTerms(select: Select): Term[] {
  return select.branches.flatMap((branch) => [branch.where, ...branch.targets.map(({ term }) => term)]);
}

/** What stands directly below a term; bodies of functions only with `bodies`. */
export function children(term: Term, bodies: boolean): readonly Term[] {
  switch (term.kind) {
    case "and":
    case "or":
    case "coalesce":
    case "array":
    case "tuple":
    case "opaque":
      return term.terms;
    case "not":
    case "is":
    case "cast":
      return [term.term];
    case "operator":
    case "distinct":
    case "nullif":
      return [term.left, term.right];
    case "call": {
      const body = bodies ? term.body() : null;
      return body === null ? term.args : [...term.args, body];
    }
    case "case":
      return [...term.whens.flatMap(({ when, result }) => [when, result]), term.otherwise];
    case "select":
    case "exists":
    case "array select":
      return selectTerms(term.select);
    case "any":
      return [term.left, ...(isSelect(term.right) ? selectTerms(term.right) : [term.right])];
    case "constant":
    case "column":
    case "keyword":
      return [];
  }
}

/** The select of a term that is a sub-select in some form. */
export function selectOf(term: Term): Select | null {
  if (term.kind === "select" || term.kind === "exists" || term.kind === "array select") return term.select;
  return term.kind === "any" && isSelect(term.right) ? term.right : null;
}

/** Visits a term and all below, each before its parts; answer false to stay out of them. */
export function visitTerms(term: Term, bodies: boolean, visit: (term: Term) => boolean | void): void {
  if (visit(term) === false) return;
  for (const child of children(term, bodies)) visitTerms(child, bodies, visit);
}
