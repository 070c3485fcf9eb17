/**
 * How a row is tied to the person who asks: by a column that is compared with a source (tenant_id = current_setting(…)), or through other tables
 * (org_id → memberships.org_id, memberships.user_id = auth.uid()). Works on equalities; must never say that a policy is safe.
 */
import type { Relation } from "@watertight/schema";
import type { Equalities } from "./equalities.ts";
import type { Term } from "./scope.ts";
import type { RawSource } from "./source.ts";

/** One table on the way from the source to the row. */
export interface Hop {
  readonly relation: Relation;
  /** The column on the source's side, for a membership the user's. */
  readonly enter: string;
  /** The column on the row's side, for a membership the tenant's. */
  readonly leave: string;
}

/** A tie between a column of the row and a source. Without hops they are compared directly. */
export interface Link {
  readonly column: string;
  readonly source: RawSource;
  /** From the source to the row. */
  readonly hops: readonly Hop[];
}

/** A tie of which it is known whether the source names a person. */
export interface KnownLink extends Link {
  readonly user: boolean;
}

/** The answer for one expression. */
export interface Links {
  /** From the row (instance 0). */
  readonly row: readonly Link[];
  /** Comparisons of a source with columns of other tables in it, with what they then lead to. */
  readonly elsewhere: readonly { readonly relation: Relation; readonly column: string; readonly source: RawSource }[];
}

const maxHops = 4;

/** Finds the ties in an expression's equalities. */
export function linksOf(equalities: Equalities): Links {
  const classes = equalClasses(equalities.pairs);
  const row: Link[] = [];
  const elsewhere: { relation: Relation; column: string; source: RawSource }[] = [];
  for (const members of new Set(classes.values()))
    for (const { source } of members.filter((term) => term.kind === "source")) {
      elsewhere.push(...columnsIn(members, equalities).map(({ relation, column }) => ({ relation, column, source })));
      walk(members, [], new Set());
      // breadth does not matter: every way counts as evidence, and the shortest one is chosen by the reader
      function walk(reached: readonly Term[], hops: readonly Hop[], seen: ReadonlySet<number>): void {
        for (const { instance, relation, column } of columnsIn(reached, equalities)) {
          if (instance === 0) row.push({ column, source, hops });
          else if (!seen.has(instance) && hops.length < maxHops)
            for (const [leave, next] of neighbours(instance, column, classes))
              walk(next, [...hops, { relation, enter: column, leave }], new Set([...seen, instance]));
        }
      }
    }
  return { row: distinct(row), elsewhere: distinct(elsewhere) };
}

function equalClasses(pairs: Equalities["pairs"]): Map<string, Term[]> {
  const classes = new Map<string, Term[]>();
  const classOf = (term: Term): Term[] => {
    const known = classes.get(term.id);
    if (known) return known;
    const own = [term];
    classes.set(term.id, own);
    return own;
  };
  for (const [left, right] of pairs) {
    const one = classOf(left);
    const other = classOf(right);
    if (one === other) continue;
    one.push(...other);
    for (const term of other) classes.set(term.id, one);
  }
  return classes;
}

function columnsIn(
  terms: readonly Term[],
  equalities: Equalities,
): { instance: number; relation: Relation; column: string }[] {
  return terms.flatMap((term) =>
    term.kind === "column"
      ? [{ instance: term.instance, relation: equalities.instances[term.instance]!, column: term.column }]
      : [],
  );
}

/** Other columns of the same appearance, each with what it equals. */
function neighbours(instance: number, column: string, classes: ReadonlyMap<string, Term[]>): [string, Term[]][] {
  return [...classes].flatMap(([id, members]): [string, Term[]][] => {
    const [number, ...name] = id.split(".");
    if (Number(number) !== instance || !members.some((term) => term.kind === "column" && term.id === id)) return [];
    const leave = name.join(".");
    return leave === column ? [] : [[leave, members.filter((term) => term.id !== id)]];
  });
}

function distinct<T extends { column: string; source: RawSource }>(items: readonly T[]): T[] {
  if (items.length < 2) return [...items];
  const seen = new Map(
    items.map((item) => [
      JSON.stringify(item, (key, value: unknown) =>
        key === "relation" ? `${(value as Relation).schema}.${(value as Relation).name}` : value,
      ),
      item,
    ]),
  );
  return [...seen.values()];
}
