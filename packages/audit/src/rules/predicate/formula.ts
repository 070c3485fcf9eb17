/**
 * Two-valued formulas over atoms, and their leaking cases: after everything that restricts the tenant was judged false, the disjunctive
 * normal form of the rest lists each way in which the predicate still holds. Must never drop a way silently: a formula that grows too
 * large answers null.
 */

/** Something that can be true or false of a row, a session or the data, and what it is about. */
interface Atom {
  /** Equal text, equal truth. */
  readonly text: string;
  readonly about: AtomKind;
}

/** What an atom's truth hangs on. */
export type AtomKind =
  /** A setting that anyone who runs SQL can change. */
  | "setting"
  /** A claim that the user writes: user_metadata, a header. */
  | "user claim"
  /** A claim that the server signs. */
  | "claim"
  | "role"
  /** Attributes of the row that is judged. */
  | "row"
  /** The tenant column of the judged row against a literal. */
  | "literal"
  /** The same with the empty text, which an unset setting reads as. */
  | "empty tenant"
  /** A comparison of tenants that is not equality. */
  | "inexact"
  /** Another tenant's row is let in because it is another's. */
  | "opposite"
  /** A column compared with itself. */
  | "self"
  /** A row of the asking user exists. */
  | "own row"
  /** Attributes of a row of a table that belongs to a tenant. */
  | "tenant row"
  /** Attributes of a row that belongs to no tenant: a person's flag, a platform's list of staff. */
  | "person row"
  /** The tenant column of the judged row is null. */
  | "no tenant"
  /** Could not be read, and may restrict the tenant. */
  | "unknown"
  /** Time, random numbers and the like. */
  | "other";

/** A formula; negation stands at atoms only. */
export type Formula =
  | { readonly kind: "true" | "false" }
  | { readonly kind: "atom"; readonly atom: Atom; readonly negated: boolean }
  | { readonly kind: "and" | "or"; readonly parts: readonly Formula[] };

export const yes: Formula = { kind: "true" };
export const no: Formula = { kind: "false" };

/** A literal. */
export function atom(text: string, about: AtomKind): Formula {
  return { kind: "atom", atom: { text, about }, negated: false };
}

/** Conjunction. */
export function and(...parts: readonly Formula[]): Formula {
  return join("and", parts);
}

/** Disjunction. */
export function or(...parts: readonly Formula[]): Formula {
  return join("or", parts);
}

function join(kind: "and" | "or", parts: readonly Formula[]): Formula {
  const [neutral, final] = kind === "and" ? ["true", "false"] : ["false", "true"];
  const kept: Formula[] = [];
  const seen = new Set<string>();
  for (const part of parts) {
    if (part.kind === final) return part;
    if (part.kind === neutral) continue;
    for (const each of part.kind === kind ? part.parts : [part]) {
      const key = each.kind === "atom" ? `${each.negated}${each.atom.text}` : null;
      if (key !== null && seen.has(key)) continue;
      if (key !== null) seen.add(key);
      kept.push(each);
    }
  }
  if (kept.length === 0) return kind === "and" ? yes : no;
  return kept.length === 1 ? kept[0]! : { kind, parts: kept };
}

/** Negation. */
export function not(formula: Formula): Formula {
  switch (formula.kind) {
    case "true":
      return no;
    case "false":
      return yes;
    case "atom":
      return { ...formula, negated: !formula.negated };
    case "and":
      return or(...formula.parts.map(not));
    case "or":
      return and(...formula.parts.map(not));
  }
}

/** An atom or its negation. */
interface Literal extends Atom {
  readonly negated: boolean;
}

/** One way in which a formula holds: all these literals together. Empty: always. */
export type Way = readonly Literal[];

const most = 256;

/** Every way in which the formula holds, the shortest of each kind; null where there are too many to list. */
export function waysOf(formula: Formula): readonly Way[] | null {
  const ways = expand(formula);
  return ways === null ? null : merge(absorb(ways));
}

function expand(formula: Formula): Way[] | null {
  switch (formula.kind) {
    case "true":
      return [[]];
    case "false":
      return [];
    case "atom":
      return [[{ ...formula.atom, negated: formula.negated }]];
    case "or": {
      const all: Way[] = [];
      for (const part of formula.parts) {
        const ways = expand(part);
        if (ways === null) return null;
        all.push(...ways);
      }
      return all.length > most ? null : all;
    }
    case "and": {
      let product: Way[] = [[]];
      for (const part of formula.parts) {
        const ways = expand(part);
        if (ways === null) return null;
        product = absorb(product.flatMap((left) => ways.flatMap((right) => conjoin(left, right))));
        if (product.length > most) return null;
      }
      return product;
    }
  }
}

function conjoin(left: Way, right: Way): Way[] {
  const joined = [...left];
  for (const literal of right) {
    const same = joined.find(({ text }) => text === literal.text);
    if (same === undefined) joined.push(literal);
    else if (same.negated !== literal.negated) return [];
  }
  return [joined];
}

const contains = (larger: Way, smaller: Way): boolean =>
  smaller.every((each) => larger.some((other) => other.text === each.text && other.negated === each.negated));

/** Of two ways of which one asks for less, that one stays. */
function absorb(ways: readonly Way[]): Way[] {
  const sorted = [...ways].sort((a, b) => a.length - b.length);
  const kept: Way[] = [];
  for (const way of sorted) if (!kept.some((smaller) => contains(way, smaller))) kept.push(way);
  return kept;
}

/** `x and a` beside `x and not a` is `x`: that is how `a or not a` shows itself as always true. */
function merge(ways: readonly Way[]): Way[] {
  for (const [at, way] of ways.entries())
    for (const other of ways.slice(at + 1)) {
      const differing = way.filter((each) => !other.some((o) => o.text === each.text && o.negated === each.negated));
      const [only] = differing;
      if (way.length !== other.length || differing.length !== 1 || only === undefined) continue;
      if (!other.some((each) => each.text === only.text && each.negated !== only.negated)) continue;
      return merge(absorb([...ways, way.filter((each) => each !== only)]));
    }
  return [...ways];
}
