/**
 * B5: an unset setting reads as null before it was ever set on a connection, and as the empty text afterwards. Compared raw with a text column the
 * empty text is a tenant of its own; cast raw to uuid it is an error on every used connection. NULLIF makes both cases one.
 */
import { quoteName, type Relation } from "@watertight/schema";
import { objectKey } from "../../history/object-key.ts";
import { said, sqlName } from "../exposure/words.ts";
import { mayAskSession } from "../predicate/asks.ts";
import { courtOf } from "../predicate/court.ts";
import { sourceOf } from "../predicate/depend.ts";
import { leakFindings, narrowFix, policyText } from "../predicate/leak-findings.ts";
import { type Term, visitTerms } from "../predicate/term.ts";
import type { Facts, Rule, RuleFinding } from "../rule.ts";
import { wrapFix } from "./wrap.ts";

/** The rule. */
export const nullAndEmpty: Rule = {
  id: "B5",
  slug: "B5-null-and-empty",
  title: "An unset context is sometimes null and sometimes empty",
  needs: "catalog",
  find: (facts) => [
    ...leakFindings(facts, "B5", (group) => ({
      message: `Policy ${group.policy.name} on ${group.table} compares a text column with the raw setting: on a used connection without a context everybody is the tenant '' (${group.way}).`,
      fix: [`${narrowFix(facts, group)};`, ...neverEmpty(facts, group.relation)].join("\n"),
    })),
    ...facts.snapshot.policies.flatMap((policy) => outage(facts, policy) ?? []),
  ],
};

/** No row may belong to the tenant ''; those that do are somebody's mistake, and stop the last statement. */
function neverEmpty(facts: Facts, relation: Relation): string[] {
  const [column] = courtOf(facts).catalog.tenantColumns(relation);
  if (column === undefined) return [];
  const [table, name] = [sqlName(relation), quoteName(`${relation.name}_${column}_not_empty`.slice(0, 63))];
  return [
    `alter table ${table} add constraint ${name} check (${quoteName(column)} <> '') not valid;`,
    `alter table ${table} validate constraint ${name};`,
  ];
}

function outage(facts: Facts, policy: Facts["snapshot"]["policies"][number]): RuleFinding | null {
  const relation = facts.reach.relation(policy.relation);
  if (relation === undefined || !relation.rowSecurity) return null;
  const raw = new Set<string>();
  for (const predicate of courtOf(facts).policies.expressions(policy).filter(mayAskSession))
    visitTerms(predicate.term, true, (each) => {
      if (each.kind === "cast" && !/^(text|character varying|varchar|name|jsonb?)/.test(each.type)) {
        const setting = rawSetting(each.term);
        if (setting !== null) raw.add(`${setting} is cast to ${each.type} as it is`);
      }
    });
  if (raw.size === 0) return null;
  return {
    object: { kind: "policy", schema: relation.schema, name: relation.name, part: policy.name },
    message: `Policy ${policy.name} on ${said(relation)} casts the setting without NULLIF: on a connection that had a context before, a query without one fails with 22P02 instead of finding nothing.`,
    severity: "low",
    evidence: [...raw, ...policyText(policy)],
    keys: [objectKey.policy(relation, policy.name)],
    fix: wrapFix(relation, policy),
    attackable: false,
  };
}

/** The setting that a term reads with nothing between it and its value. */
function rawSetting(term: Term): string | null {
  if (term.kind === "cast") return rawSetting(term.term);
  const source = term.kind === "call" ? sourceOf(term) : null;
  return source?.kind === "setting" ? source.setting : null;
}
