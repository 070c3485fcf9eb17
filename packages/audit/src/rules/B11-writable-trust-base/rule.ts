/**
 * B11: a policy believes a row of another table (a membership, a profile, a share), and a user may write that very row: everybody joins any
 * tenant with one INSERT. Found by judging the policies of both tables with a row that the attacker made up.
 */
import type { Policy } from "@watertight/schema";
import { objectKey } from "../../history/object-key.ts";
import { listed, said } from "../exposure/words.ts";
import { policyText } from "../predicate/leak-findings.ts";
import { type Plant, plantsOf } from "../predicate/plant.ts";
import { printTerm } from "../predicate/print.ts";
import type { Rule, RuleFinding } from "../rule.ts";

/** The rule. */
export const writableTrustBase: Rule = {
  id: "B11",
  slug: "B11-writable-trust-base",
  title: "Users may write the row that a policy believes",
  needs: "catalog",
  find(facts) {
    const groups = new Map<Policy | Plant["trusted"], Plant[]>();
    for (const plant of plantsOf(facts)) {
      const key = plant.through ?? plant.trusted;
      groups.set(key, [...(groups.get(key) ?? []), plant]);
    }
    return [...groups.values()].map(finding);
  },
};

function finding(plants: readonly Plant[]): RuleFinding {
  const [first] = plants as readonly [Plant];
  const { trusted, through, by, asks, columns, guard } = first;
  const opened = [...new Set(plants.map(({ opens }) => said(opens)))];
  const belief = guard.predicate === null ? "" : printTerm(guard.predicate.term);
  const verb = by === "insert" ? "insert" : "update";
  return {
    object:
      through === null
        ? { kind: "table", schema: trusted.schema, name: trusted.name }
        : { kind: "policy", schema: trusted.schema, name: trusted.name, part: through.name },
    table: { schema: first.opens.schema, name: first.opens.name },
    message: `A user may ${verb} a row of ${said(trusted)} with any ${listed(columns)}, and policies of ${listed(opened)} believe it: one ${verb.toUpperCase()} opens another tenant.`,
    severity: "critical",
    evidence: [
      `policy ${guard.policy.name} on ${said(first.opens)} believes ${said(trusted)}: ${belief}`,
      ...(through === null ? [`nothing on ${said(trusted)} stops the ${verb}`] : policyText(through)),
      `the ${verb} is let in when ${asks}, whatever ${listed(columns)} is`,
    ],
    keys: [...(through === null ? [] : [objectKey.policy(trusted, through.name)]), objectKey.relation(trusted)],
    fix: `let only somebody of that tenant write ${said(trusted)}: check ${listed(columns)} against the inviting side (a definer function that redeems an invitation), or revoke ${verb} from the application`,
    attackable: true,
  };
}
