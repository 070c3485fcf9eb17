/**
 * Runs rules over facts and gives every finding its id. The same facts give the same findings in the same order with the same ids: a
 * baseline and a suppression live for years. Must never drop a finding, only the second of two that say the same of one object.
 */
import { rules as all } from "./index.ts";
import type { Facts, FindingObject, Rule, RuleFinding, Severity } from "./rule.ts";
import { uniqueId } from "./unique-id.ts";

/** A finding with the rule that made it. */
export interface RuledFinding extends RuleFinding {
  readonly rule: Rule;
  /** Vector and object, for example A1-attachments, F4-billing.events or B1-invoices.tenant_floor. */
  readonly id: string;
}

const worst: readonly Severity[] = ["critical", "high", "medium", "low", "info"];

const objectName = ({ schema, name, part }: FindingObject): string =>
  [...(schema === "" || schema === "public" ? [] : [schema]), name, ...(part === undefined ? [] : [part])].join(".");

/** Two objects of different kinds may share a name: only then the id names the kind. */
function withIds(rule: Rule, findings: readonly RuleFinding[]): RuledFinding[] {
  const kinds = new Map<string, Set<string>>();
  for (const { object } of findings) {
    const name = objectName(object);
    kinds.set(name, (kinds.get(name) ?? new Set()).add(object.kind));
  }
  const taken = new Set<string>();
  return findings
    .map((finding) => {
      const name = objectName(finding.object);
      const alone = kinds.get(name)?.size === 1;
      return {
        finding,
        id: `${rule.id}-${alone ? name : `${finding.object.kind}.${name}`}`,
        key: keyOf(finding.object),
      };
    })
    .sort((a, b) => compare(a.id, b.id) || compare(a.key, b.key))
    .map(({ finding, id }) => ({ ...finding, rule, id: uniqueId(id, taken) }));
}

/** One for each object: names may have dots. */
const keyOf = ({ kind, schema, name, part }: FindingObject): string =>
  JSON.stringify([kind, schema === "public" ? "" : schema, name, part ?? null]);

function oneEach(findings: readonly RuleFinding[]): RuleFinding[] {
  const kept = new Map<string, RuleFinding>();
  for (const finding of findings) {
    const key = keyOf(finding.object);
    const before = kept.get(key);
    if (before === undefined || worst.indexOf(finding.severity) < worst.indexOf(before.severity))
      kept.set(key, finding);
  }
  return [...kept.values()];
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * What the rules find, in the order of the rules, then of the objects' names. The parser must be loaded (`loadParser`).
 * @example const findings = runRules({ snapshot, understanding, reach, history });
 */
export function runRules(facts: Facts, rules: readonly Rule[] = all): RuledFinding[] {
  return rules
    .filter(({ needs }) => needs === "catalog" || facts.history !== undefined)
    .flatMap((rule) => withIds(rule, oneEach(rule.find(facts))));
}
