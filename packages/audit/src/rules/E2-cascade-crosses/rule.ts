/**
 * E2: a foreign key without the tenant that also acts. ON DELETE CASCADE or SET NULL and ON UPDATE CASCADE run without row security, so a tenant's
 * DELETE of its own row changes rows of another. Must not repeat E1: it is about the action, and only where somebody may set it off.
 */
import type { Relation } from "@watertight/schema";
import { objectKey } from "../../history/object-key.ts";
import { compositeKeyFix } from "../judge/composite-key-fix.ts";
import { byIdentifier, type CrossingKey, crossingKeys } from "../judge/foreign-keys.ts";
import { may } from "../judge/row-access.ts";
import type { Facts, Rule } from "../rule.ts";

/** The rule. */
export const cascadeCrosses: Rule = {
  id: "E2",
  slug: "E2-cascade-crosses",
  title: "Cascade crosses tenants",
  needs: "catalog",
  find: (facts) =>
    crossingKeys(facts).flatMap((key) => {
      const actions = actionsOf(facts, key);
      if (actions.length === 0) return [];
      const { child, parent, constraint } = key;
      return {
        object: { kind: "constraint", schema: child.schema, name: child.name, part: constraint.name } as const,
        table: { schema: child.schema, name: child.name },
        message: `Foreign key ${constraint.name} of ${child.name} acts across tenants (${actions.join(", ")}): a tenant that changes its own row of ${parent.name} changes every row that points to it, other tenants' included.`,
        severity: byIdentifier(key, "medium", "low"),
        evidence: [constraint.definition, "foreign key actions run as the table's owner, without row security"],
        keys: [objectKey.constraint(child, constraint.name), objectKey.relation(child)],
        fix: compositeKeyFix(facts, key),
        attackable: key.writable,
      };
    }),
};

/** What an application role can set off. */
function actionsOf(facts: Facts, { parent, references }: CrossingKey): string[] {
  const acts = (action: string): boolean => /cascade|set/.test(action);
  return [
    ...(acts(references.onDelete) && may(facts, parent, "delete") ? [`on delete ${references.onDelete}`] : []),
    ...(acts(references.onUpdate) && mayRename(facts, parent, references.columns)
      ? [`on update ${references.onUpdate}`]
      : []),
  ];
}

function mayRename(facts: Facts, parent: Relation, columns: readonly string[]): boolean {
  return columns.some((column) => may(facts, parent, "update", column));
}
