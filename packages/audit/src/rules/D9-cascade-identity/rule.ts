/**
 * D9: a trigger that a foreign key's action fires. PostgreSQL runs the action, and with it the child's BEFORE triggers (since 18 the AFTER ones, too), as
 * the table's owner with row security off, FORCE or not. A trigger that relies on row security to find only its tenant's rows then finds all.
 */
import type { Constraint, Relation, Trigger } from "@watertight/schema";
import { objectKey } from "../../history/object-key.ts";
import type { Known } from "../bodies/caller-check.ts";
import { touchesOf, type Touch } from "../bodies/touches.ts";
import { trustedOf } from "../exposure/fired.ts";
import { said } from "../exposure/words.ts";
import { partsOfTables } from "../judge/parts-of-table.ts";
import { isBound, may } from "../judge/row-access.ts";
import { graphOf, holdsTenantRows } from "../judge/tenant-rows.ts";
import type { Facts, Rule, RuleFinding } from "../rule.ts";

/** The rule. */
export const cascadeIdentity: Rule = {
  id: "D9",
  slug: "D9-cascade-identity",
  title: "A cascade runs a trigger as the table's owner",
  needs: "catalog",
  find: (facts) =>
    facts.snapshot.triggers.flatMap((trigger) => {
      const child = graphOf(facts).relation(trigger.relation);
      const key =
        child === undefined
          ? undefined
          : partsOfTables(facts.snapshot)
              .constraints(child)
              .find((each) => fires(facts, each, trigger));
      return child === undefined || key === undefined ? [] : (finding(facts, trigger, child, key) ?? []);
    }),
};

/** Whether a foreign key's action, set off by the application, fires a trigger as the owner. */
function fires(facts: Facts, { references, enforced }: Constraint, trigger: Trigger): boolean {
  const parent = references && graphOf(facts).relation(references.relation);
  if (!references || !parent || !enforced) return false;
  if (!trigger.enabled || trigger.level !== "row" || trigger.timing === "instead of") return false;
  if (trigger.timing === "after" && facts.snapshot.version < 180000) return false;
  const deleting = may(facts, parent, "delete");
  const updating = references.columns.some((column) => may(facts, parent, "update", column));
  return (
    (deleting && references.onDelete === "cascade" && trigger.events.includes("delete")) ||
    (deleting && references.onDelete.startsWith("set") && trigger.events.includes("update")) ||
    (updating && /cascade|set/.test(references.onUpdate) && trigger.events.includes("update"))
  );
}

function finding(facts: Facts, trigger: Trigger, child: Relation, key: Constraint): RuleFinding | null {
  const routine = partsOfTables(facts.snapshot).routine(trigger.calls);
  // a definer is its own owner in any case: D8
  if (routine === undefined || routine.securityDefiner) return null;
  const touches = touchesOf(facts, routine, trustedIn(facts, child, key)).filter(
    ({ relation, check }) =>
      check !== "tenant" && relation.rowSecurity && relation.owner === child.owner && holdsTenantRows(facts, relation),
  );
  const touch = touches.find(({ mode }) => mode !== "read") ?? touches[0];
  if (touch === undefined) return null;
  return {
    object: { kind: "trigger", schema: child.schema, name: child.name, part: trigger.name },
    table: { schema: touch.relation.schema, name: touch.relation.name },
    message: `Trigger ${trigger.name} on ${said(child)} runs as ${child.owner} without row security when ${key.name} acts, and ${does(touch)} without comparing the tenant.`,
    severity: touch.mode === "read" ? "medium" : "high",
    evidence: [
      key.definition,
      `${trigger.timing} row trigger: in a foreign key's action it is not the caller who runs it`,
      `${said(touch.relation)} belongs to ${child.owner}, too; FORCE does not count there`,
    ],
    keys: [objectKey.routine(routine.signature), objectKey.trigger(child, trigger.name)],
    fix: `compare the tenant in the function (… and ${said(touch.relation)}.tenant = old.tenant), or delete the children before the parent instead of ON DELETE CASCADE`,
    attackable: touch.mode !== "read",
  };
}

/** In the action of a key the row is a child of the caller's own parent row, whatever guards the child: so the key says, too, whose it is. */
function trustedIn(facts: Facts, child: Relation, { columns, references }: Constraint): Known {
  const known = trustedOf(facts, child);
  const parent = references && graphOf(facts).relation(references.relation);
  if (!parent || !isBound(facts, parent)) return known;
  return { ...known, checked: new Set([...known.checked, ...columns.map((column) => `old.${column}`)]) };
}

const does = ({ mode, relation }: Touch): string =>
  mode === "read"
    ? `reads ${said(relation)}`
    : mode === "insert"
      ? `adds to ${said(relation)}`
      : `can ${mode} rows of ${said(relation)}`;
