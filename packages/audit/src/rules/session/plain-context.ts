/**
 * Where policies take the tenant straight from a setting: whoever can run SQL can set it. A context that a function verifies first does not flow
 * straight into the comparison, and is left alone.
 */
import type { Policy } from "@watertight/schema";
import { mayAskSession } from "../predicate/asks.ts";
import { isTenantColumn } from "../predicate/compare.ts";
import { courtOf } from "../predicate/court.ts";
import { sourceText } from "../predicate/source-kind.ts";
import { type Term, visitTerms } from "../predicate/term.ts";
import { own, type PlacedCell, type Situation, type Value } from "../predicate/world.ts";
import type { Facts } from "../rule.ts";
import type { RawSource } from "../../understand/meaning/source.ts";

/** A source that decides as it stands. */
export interface PlainSource {
  readonly text: string;
  readonly source: RawSource;
  readonly policies: readonly Policy[];
}

const found = new WeakMap<Facts["understanding"], readonly PlainSource[]>();

/** The sources of one kind that tenant columns are compared with as they stand. */
export function plainSources(facts: Facts, kind: "setting" | "claims"): readonly PlainSource[] {
  const known = found.get(facts.understanding) ?? search(facts);
  found.set(facts.understanding, known);
  return known.filter(({ source }) => source.kind === kind);
}

function search(facts: Facts): PlainSource[] {
  const court = courtOf(facts);
  const sources = new Map<string, { source: RawSource; policies: Set<Policy> }>();
  const [role] = facts.understanding.roles;
  const note = (source: RawSource, policy: Policy): void => {
    const key = `${source.kind} ${sourceText(source)}`;
    const entry = sources.get(key) ?? { source, policies: new Set<Policy>() };
    entry.policies.add(policy);
    sources.set(key, entry);
  };
  for (const policy of facts.snapshot.policies) {
    const relation = facts.reach.relation(policy.relation);
    if (relation === undefined || ["global", "unknown"].includes(court.catalog.tenancy(relation).kind)) continue;
    for (const predicate of court.policies.expressions(policy)) {
      if (!mayAskSession(predicate)) continue;
      const { term, row } = predicate;
      const at: Situation = {
        scenario: { session: "open", role: role?.name ?? "" },
        judged: row,
        placements: new Map([[row, own]]),
        planted: new Map(),
        stack: [],
      };
      const values = (side: Term): readonly Value[] => court.judge.values(side, at).map(({ value }) => value);
      visitTerms(term, true, (each) => {
        if (each.kind !== "operator" || each.name !== "=") return;
        const [left, right] = [values(each.left), values(each.right)];
        for (const [one, other] of [
          [left, right],
          [right, left],
        ] as const)
          if (one.some((value) => value.kind === "cell" && tellsWhose(facts, value)))
            for (const value of other) if (value.kind === "session") note(value.source, policy);
      });
    }
  }
  return [...sources.values()].map(({ source, policies }) => ({
    text: sourceText(source),
    source,
    policies: [...policies],
  }));
}

/** The column of a tenant, or of the person in a membership. */
function tellsWhose(facts: Facts, cell: PlacedCell): boolean {
  const { relation } = cell.row;
  const member = facts.understanding.memberships.some(
    (each) =>
      each.relation.schema === relation?.schema &&
      each.relation.name === relation.name &&
      each.userColumn === cell.column,
  );
  return member || isTenantColumn(courtOf(facts), cell);
}
