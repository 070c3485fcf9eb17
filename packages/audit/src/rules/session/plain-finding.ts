/**
 * The one note of a database whose context is plain: told once, because it is the design and no slip. Must never be of error level.
 */
import { objectKey } from "../../history/object-key.ts";
import { listed, said } from "../exposure/words.ts";
import type { Facts, RuleFinding } from "../rule.ts";
import type { PlainSource } from "./plain-context.ts";

/** The note. */
export function plainFinding(
  facts: Facts,
  sources: readonly PlainSource[],
  message: string,
  fix: string,
): RuleFinding[] {
  const [first] = sources;
  if (first === undefined) return [];
  const policies = [...new Set(sources.flatMap((each) => each.policies))];
  const [policy] = policies;
  return [
    {
      object: { kind: "database", schema: "", name: facts.snapshot.database.name },
      message,
      severity: "info",
      evidence: [
        `compared as they stand: ${listed(sources.map(({ text }) => text))}`,
        `by ${listed(policies.map(({ name, relation }) => `policy ${name} on ${said(relation)}`))}`,
      ],
      keys: policy === undefined ? [] : [objectKey.policy(policy.relation, policy.name)],
      fix,
      attackable: false,
    },
  ];
}
