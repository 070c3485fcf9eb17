/**
 * F4: a partition or inheritance child with rights of its own. Named directly, only its own row security and policies count, and the parent's do
 * not come along. Through the parent it is the other way round: a child's policies are ignored.
 */
import type { Relation } from "@watertight/schema";
import { quoteQualified } from "@watertight/schema";
import { objectKey } from "../../history/object-key.ts";
import { grantees, roleList } from "../judge/grants.ts";
import { isBound } from "../judge/row-access.ts";
import { graphOf, tenantRelations } from "../judge/tenant-rows.ts";
import type { Facts, Rule } from "../rule.ts";

const commands = ["SELECT", "INSERT", "UPDATE", "DELETE"] as const;

/** The rule. */
export const childReached: Rule = {
  id: "F4",
  slug: "F4-child-reached",
  title: "Partition reached past its parent's row security",
  needs: "catalog",
  find: (facts) =>
    tenantRelations(facts).flatMap((child) => {
      const parent = guardedParent(facts, child);
      if (parent === undefined || isBound(facts, child)) return [];
      const granted = commands.filter((command) => grantees(facts, command, child).length > 0);
      if (granted.length === 0) return [];
      const roles = [...new Set(granted.flatMap((command) => grantees(facts, command, child)))];
      const name = quoteQualified(child.schema, child.name);
      return {
        object: { kind: "table", schema: child.schema, name: child.name } as const,
        table: { schema: parent.schema, name: parent.name },
        message: `${child.name} holds rows of ${parent.name} but has no row security of its own that binds ${roles.join(", ")}: named directly it gives ${granted.join(", ")} on every tenant's rows.`,
        severity: "critical" as const,
        evidence: [
          child.isPartition
            ? `partition of ${parent.name} ${child.partitionBound ?? ""}`
            : `inherits from ${parent.name}`,
          `row security of ${child.name}: ${child.rowSecurity ? "on, but bypassed" : "off"}; of ${parent.name}: on`,
        ],
        keys: [...roles.map((role) => objectKey.grant(objectKey.relation(child), role)), objectKey.relation(child)],
        fix: `revoke all on ${name} from ${roleList(roles)};\nalter table ${name} enable row level security;\nalter table ${name} force row level security;\n-- the application reads and writes through ${quoteQualified(parent.schema, parent.name)}`,
        attackable: true,
      };
    }),
};

/** The nearest ancestor that has row security: without one the whole tree is open, which is A1. */
function guardedParent(facts: Facts, child: Relation): Relation | undefined {
  const parents = child.parents.flatMap((parent) => graphOf(facts).relation(parent) ?? []);
  return (
    parents.find((parent) => parent.rowSecurity) ?? parents.map((parent) => guardedParent(facts, parent)).find(Boolean)
  );
}
