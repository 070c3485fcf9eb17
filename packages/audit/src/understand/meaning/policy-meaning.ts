/**
 * What the policies of a schema tell about it, read once: ties between rows and sources, which sources name a person, and what could not be
 * read. Must never take a session's key for the person: the table that knows whose session it is, is followed.
 */
import type { Policy, QualifiedName, Relation } from "@watertight/schema";
import { dotted, type SchemaGraph } from "../schema/graph.ts";
import type { ColumnGroup } from "../tenants/column-group.ts";
import { equalitiesOfExpression } from "./equalities.ts";
import { type KnownLink, type Link, linksOf } from "./links.ts";
import { namesUser, type RawSource, sourceKey } from "./source.ts";

/** A policy with its ties. */
export interface PolicyMeaning {
  readonly relation: Relation;
  readonly policy: Policy;
  readonly links: readonly KnownLink[];
}

/** A comparison with a column of any table, also inside sub-selects and functions. */
interface Comparison {
  readonly relation: Relation;
  readonly column: string;
  readonly source: RawSource;
}

/** All policies together. */
export interface PoliciesMeaning {
  readonly policies: readonly PolicyMeaning[];
  /** Every source that a policy reads, by functions too. */
  readonly sources: readonly RawSource[];
  readonly compared: readonly Comparison[];
  readonly unread: readonly string[];
  of(relation: QualifiedName): readonly PolicyMeaning[];
  /** Whether the source names a person: by its nature, or because it is compared with a column that holds one. */
  isUser(source: RawSource): boolean;
}

/** Reads all policies of the snapshot. `users`: columns that hold a user. */
export function meaningOfPolicies(graph: SchemaGraph, users: ColumnGroup | undefined): PoliciesMeaning {
  const read: { relation: Relation; policy: Policy; links: Link[] }[] = [];
  const sources = new Map<string, RawSource>();
  const compared: Comparison[] = [];
  const unread = new Set<string>();
  for (const policy of graph.snapshot.policies) {
    const relation = graph.relation(policy.relation);
    if (!relation) continue;
    const links: Link[] = [];
    // USING and WITH CHECK apart: a column that only the one compares must not borrow the other's sub-selects
    for (const text of new Set([policy.using, policy.check])) {
      if (text === null) continue;
      const equalities = equalitiesOfExpression(graph, relation, text);
      const found = linksOf(equalities);
      links.push(...found.row);
      compared.push(...found.elsewhere);
      for (const source of equalities.sources) sources.set(sourceKey(source), source);
      for (const sentence of equalities.unread) unread.add(`policy ${policy.name} on ${dotted(relation)}: ${sentence}`);
    }
    read.push({ relation, policy, links });
  }

  const holdsUser = (relation: Relation, column: string): boolean =>
    users?.columns.get(dotted(relation))?.has(column) ?? false;
  const people = new Set([...sources.values()].filter(namesUser).map(sourceKey));
  for (const { relation, column, source } of compared) if (holdsUser(relation, column)) people.add(sourceKey(source));
  const policies = read.map(({ relation, policy, links }) => ({
    relation,
    policy,
    links: links.map((link) => {
      const hops = identified(link, relation, holdsUser);
      if (hops.length < link.hops.length) people.add(sourceKey(link.source));
      return { ...link, hops };
    }),
  }));
  const isUser = (source: RawSource): boolean => people.has(sourceKey(source));
  const known = policies.map((each) => ({
    ...each,
    links: each.links.map((link) => ({ ...link, user: isUser(link.source) })),
  }));
  const byRelation = new Map<string, PolicyMeaning[]>();
  for (const each of known)
    byRelation.set(dotted(each.relation), [...(byRelation.get(dotted(each.relation)) ?? []), each]);
  return {
    policies: known,
    sources: [...sources.values()],
    compared,
    unread: [...unread],
    of: (relation) => byRelation.get(dotted(relation)) ?? [],
    isUser,
  };
}

/** The hops without a first one that only says who it is: sessions.token = source, sessions.user_id = the person. */
function identified(
  { hops, column }: Link,
  row: Relation,
  holdsUser: (relation: Relation, column: string) => boolean,
): Link["hops"] {
  const [first, next] = hops;
  if (!first || holdsUser(first.relation, first.enter) || !holdsUser(first.relation, first.leave)) return hops;
  return (next ? holdsUser(next.relation, next.enter) : holdsUser(row, column)) ? hops.slice(1) : hops;
}
