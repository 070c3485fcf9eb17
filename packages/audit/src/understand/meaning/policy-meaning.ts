/**
 * What the policies of a schema tell about it, read once: ties between rows and sources, which sources name a person, and what could not be
 * read. Where no policy ties anything, views that filter and defaults of columns are asked. Must never take a session's key for the person: the
 * table that knows whose session it is, is followed.
 */
import type { Relation } from "@watertight/schema";
import { dotted, type SchemaGraph } from "../schema/graph.ts";
import type { ColumnGroup } from "../tenants/column-group.ts";
import { type Equalities, equalitiesOfDefault, equalitiesOfExpression, equalitiesOfView } from "./equalities.ts";
import { type Hop, type KnownLink, type Link, type Links, linksOf } from "./links.ts";
import { namesNobody, namesUser, type RawSource, sourceKey, sourceText } from "./source.ts";

/** A place that ties rows of a table to sources: a policy, a view, a default. */
export interface Reading {
  readonly relation: Relation;
  readonly kind: "policy" | "view" | "default";
  /** For sentences: "policy own on public.lists". */
  readonly name: string;
  readonly links: readonly KnownLink[];
}

/** A comparison with a column of any table, also inside sub-selects and functions. */
interface Comparison {
  readonly relation: Relation;
  readonly column: string;
  readonly source: RawSource;
}

/** All readings together. */
export interface PoliciesMeaning {
  readonly readings: readonly Reading[];
  /** Every source that is read, by functions too. */
  readonly sources: readonly RawSource[];
  readonly compared: readonly Comparison[];
  readonly unread: readonly string[];
  /** By schema.name. */
  of(relation: string): readonly Reading[];
  /** Whether the source names a person: by its nature, or because it is compared with a column that holds one. */
  isUser(source: RawSource): boolean;
  /** The table whose row says whose the request is, where the source is compared with nothing but its key. */
  session(source: RawSource): Hop | undefined;
}

/** A tie as a sentence. */
export function linkText({ name, kind }: Reading, { column, source, hops: [first] }: KnownLink): string {
  if (kind === "default") return `${name} is ${sourceText(source)}`;
  if (!first) return `${name} compares ${column} with ${sourceText(source)}`;
  return `${name} finds ${column} in ${dotted(first.relation)}, where ${first.enter} is ${sourceText(source)}`;
}

interface Raw extends Links {
  readonly relation: Relation;
  readonly kind: Reading["kind"];
  readonly name: string;
  readonly equalities: Equalities;
}

function raw(relation: Relation, kind: Reading["kind"], name: string, equalities: Equalities): Raw {
  return { relation, kind, name, equalities, ...linksOf(equalities) };
}

/** Reads all policies of the snapshot. `users`: columns that hold a user. */
export function meaningOfPolicies(graph: SchemaGraph, users: ColumnGroup | undefined): PoliciesMeaning {
  const policies = readPolicies(graph);
  const tied = policies.some(({ elsewhere }) => elsewhere.length > 0);
  const found = tied ? policies : [...policies, ...readViews(graph), ...readDefaults(graph)];

  const sources = new Map(
    found.flatMap(({ equalities }) => equalities.sources.map((source) => [sourceKey(source), source] as const)),
  );
  const compared = found.flatMap(({ elsewhere }) => elsewhere).filter(({ source }) => !namesNobody(source));
  const holdsUser = (relation: Relation, column: string): boolean =>
    users?.columns.get(dotted(relation))?.has(column) ?? false;
  const identifying = new Map<string, Hop>();
  const people = new Set([...sources.values()].filter(namesUser).map(sourceKey));
  for (const { relation, column, source } of compared) if (holdsUser(relation, column)) people.add(sourceKey(source));
  const shortened = found.map(({ relation, kind, name, row, elsewhere }) => {
    // a view has no row of its own: it filters the rows of each table that it compares
    const ties: readonly (Link & { readonly relation: Relation })[] =
      kind === "view"
        ? elsewhere.map((each) => ({ ...each, hops: [] }))
        : row.map((link) => ({ ...link, relation, hops: identified(link, relation, holdsUser) }));
    row.forEach((link, at) => {
      if (kind === "view" || ties[at]!.hops.length === link.hops.length) return;
      people.add(sourceKey(link.source));
      identifying.set(sourceKey(link.source), link.hops[0]!);
    });
    return { kind, name, ties: ties.filter(({ source }) => !namesNobody(source)) };
  });
  const isUser = (source: RawSource): boolean => people.has(sourceKey(source));
  const session = (source: RawSource): Hop | undefined => {
    const hop = identifying.get(sourceKey(source));
    const others = compared.some(
      (each) =>
        sourceKey(each.source) === sourceKey(source) && (each.relation !== hop?.relation || each.column !== hop.enter),
    );
    return others ? undefined : hop;
  };
  const readings = shortened.flatMap(({ kind, name, ties }): Reading[] =>
    [...new Set(ties.map(({ relation }) => relation))].map((relation) => ({
      relation,
      kind,
      name,
      links: ties
        .filter((each) => each.relation === relation)
        .map(({ column, source, hops }) => ({ column, source, hops, user: isUser(source) })),
    })),
  );
  const byRelation = new Map<string, Reading[]>();
  for (const each of readings)
    byRelation.set(dotted(each.relation), [...(byRelation.get(dotted(each.relation)) ?? []), each]);
  return {
    readings,
    sources: [...sources.values()].filter((source) => !namesNobody(source)),
    compared,
    unread: [...new Set(found.flatMap(({ name, equalities }) => equalities.unread.map((text) => `${name}: ${text}`)))],
    of: (relation) => byRelation.get(relation) ?? [],
    isUser,
    session,
  };
}

function readPolicies(graph: SchemaGraph): Raw[] {
  return graph.snapshot.policies.flatMap((policy) => {
    const relation = graph.relation(policy.relation);
    if (!relation) return [];
    const name = `policy ${policy.name} on ${dotted(relation)}`;
    // USING and WITH CHECK apart: a column that only the one compares must not borrow the other's sub-selects
    return [...new Set([policy.using, policy.check])].flatMap((text) =>
      text === null ? [] : [raw(relation, "policy", name, equalitiesOfExpression(graph, relation, text))],
    );
  });
}

function readViews(graph: SchemaGraph): Raw[] {
  const views = graph.snapshot.relations.filter((each) => each.kind === "v");
  return views.map((view) => raw(view, "view", `view ${dotted(view)}`, equalitiesOfView(graph, view)));
}

function readDefaults(graph: SchemaGraph): Raw[] {
  return graph.tables.flatMap((table) =>
    table.columns.flatMap(({ name, default: text, generated }) =>
      // a call of something is needed; most defaults are constants
      text?.includes("(") && generated === null
        ? [
            raw(
              table,
              "default",
              `the default of ${dotted(table)}.${name}`,
              equalitiesOfDefault(graph, table, name, text),
            ),
          ]
        : [],
    ),
  );
}

/** The hops without a first one that only says who it is: sessions.token = source, sessions.user_id = the person. */
function identified(
  { hops, column }: Link,
  row: Relation,
  holdsUser: (relation: Relation, column: string) => boolean,
): readonly Hop[] {
  const [first, next] = hops;
  if (!first || holdsUser(first.relation, first.enter) || !holdsUser(first.relation, first.leave)) return hops;
  return (next ? holdsUser(next.relation, next.enter) : holdsUser(row, column)) ? hops.slice(1) : hops;
}
