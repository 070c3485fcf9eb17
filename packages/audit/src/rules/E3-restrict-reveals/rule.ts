/**
 * E3: a foreign key without the tenant that refuses. The parent's tenant can't delete its row while a row of another tenant points to it, and
 * learns by 23503 that there is one. Low where ids can't be guessed: somebody must have pointed there first (E1).
 */
import { objectKey } from "../../history/object-key.ts";
import { compositeKeyFix } from "../judge/composite-key-fix.ts";
import { byIdentifier, crossingKeys } from "../judge/foreign-keys.ts";
import { may } from "../judge/row-access.ts";
import type { Rule } from "../rule.ts";

/** The rule. */
export const restrictReveals: Rule = {
  id: "E3",
  slug: "E3-restrict-reveals",
  title: "Refused delete tells of another tenant's row",
  needs: "catalog",
  find: (facts) =>
    crossingKeys(facts)
      .filter(
        ({ references, parent }) => /restrict|no action/.test(references.onDelete) && may(facts, parent, "delete"),
      )
      .map((key) => {
        const { child, parent, constraint, references } = key;
        return {
          object: { kind: "constraint", schema: child.schema, name: child.name, part: constraint.name } as const,
          table: { schema: parent.schema, name: parent.name },
          message: `Foreign key ${constraint.name} lets a row of ${child.name} of one tenant stop another tenant's DELETE on ${parent.name} (on delete ${references.onDelete}): a blockade, and a sign that the row exists.`,
          severity: byIdentifier(key, "low", "info"),
          evidence: [constraint.definition, "the refusal (23503) does not look at row security"],
          keys: [objectKey.constraint(child, constraint.name), objectKey.relation(child)],
          fix: compositeKeyFix(facts, key),
          attackable: key.writable,
        };
      }),
};
