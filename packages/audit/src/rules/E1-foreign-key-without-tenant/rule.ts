/**
 * E1: a foreign key that does not carry the tenant accepts the id of another tenant's row. Must stay silent where a policy of the referencing
 * table looks the parent up, because then the foreign id is refused like an unknown one.
 */
import { objectKey } from "../../history/object-key.ts";
import { compositeKeyFix } from "../judge/composite-key-fix.ts";
import { byIdentifier, type CrossingKey, crossingKeys } from "../judge/foreign-keys.ts";
import type { Facts, Rule, RuleFinding } from "../rule.ts";

/** The rule. */
export const foreignKeyWithoutTenant: Rule = {
  id: "E1",
  slug: "E1-foreign-key-without-tenant",
  title: "Foreign key without the tenant",
  needs: "catalog",
  find: (facts) => crossingKeys(facts).map((key) => finding(facts, key)),
};

function finding(facts: Facts, key: CrossingKey): RuleFinding {
  const { child, parent, constraint, references } = key;
  const columns = constraint.columns.join(", ");
  return {
    object: { kind: "constraint", schema: child.schema, name: child.name, part: constraint.name },
    table: { schema: parent.schema, name: parent.name },
    message: `Foreign key ${constraint.name} (${columns}) of ${child.name} leads to ${parent.name} without the tenant: a tenant can point its row at another tenant's row, and learns from 23503 which ids exist.`,
    severity: byIdentifier(key, "high", "medium"),
    evidence: [
      constraint.definition,
      "PostgreSQL checks foreign keys without row security",
      evidenceOfIds[key.ids],
      ...(key.writable ? [] : [`no application role may write ${columns}`]),
      ...(key.openParent ? [`rows of ${parent.name} are readable by other tenants anyway`] : []),
      ...(key.named ? [`${parent.name} holds persons or tenants: shared by design, perhaps`] : []),
    ],
    keys: [objectKey.constraint(child, constraint.name), objectKey.relation(child)],
    fix: compositeKeyFix(facts, key),
    attackable: key.writable && references.columns.length > 0,
  };
}

const evidenceOfIds = {
  random: "ids of the parent are random: nobody guesses one, but one that was seen in a link works",
  sequential: "ids of the parent are counted: every one can be tried",
  natural: "ids of the parent are words that can be guessed",
} as const;
