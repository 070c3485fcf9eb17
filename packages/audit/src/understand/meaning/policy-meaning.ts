/**
 * What the policies of a schema tell about it, read once: ties between rows and sources, the sources themselves, and what could not be read.
 */
import type { Policy, QualifiedName, Relation } from "@watertight/schema";
import { dotted, type SchemaGraph } from "../schema/graph.ts";
import { equalitiesOfExpression } from "./equalities.ts";
import { type Link, linksOf } from "./links.ts";
import { type RawSource, sourceKey } from "./source.ts";

/** A policy with its ties. */
export interface PolicyMeaning {
  readonly relation: Relation;
  readonly policy: Policy;
  readonly links: readonly Link[];
}

/** All policies together. */
export interface PoliciesMeaning {
  readonly policies: readonly PolicyMeaning[];
  /** Every source that a policy reads, by functions too. */
  readonly sources: readonly RawSource[];
  /** Comparisons with columns of any table, also inside sub-selects and functions. */
  readonly compared: readonly { readonly relation: Relation; readonly column: string; readonly source: RawSource }[];
  readonly unread: readonly string[];
  of(relation: QualifiedName): readonly PolicyMeaning[];
}

/** Reads all policies of the snapshot. */
export function meaningOfPolicies(graph: SchemaGraph): PoliciesMeaning {
  const policies: PolicyMeaning[] = [];
  const sources = new Map<string, RawSource>();
  const compared: PoliciesMeaning["compared"][number][] = [];
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
    policies.push({ relation, policy, links });
  }
  const byRelation = new Map<string, PolicyMeaning[]>();
  for (const each of policies)
    byRelation.set(dotted(each.relation), [...(byRelation.get(dotted(each.relation)) ?? []), each]);
  return {
    policies,
    sources: [...sources.values()],
    compared,
    unread: [...unread],
    of: (relation) => byRelation.get(dotted(relation)) ?? [],
  };
}
