/**
 * C5: a deferrable constraint trigger on a table of tenants runs at COMMIT, under the context that the transaction has then. Where one transaction
 * serves two tenants, what it does for A's rows happens as B. Harmless where its function does not look at the context and touches no table.
 */
import type { Trigger } from "@watertight/schema";
import { objectKey } from "../../history/object-key.ts";
import { said } from "../exposure/words.ts";
import { bodyOf } from "../bodies/body.ts";
import { accessesOf } from "../bodies/accesses.ts";
import { holdsTenantRows } from "../judge/tenant-rows.ts";
import { courtOf } from "../predicate/court.ts";
import { readsOf } from "../predicate/helpers.ts";
import type { Facts, Rule, RuleFinding } from "../rule.ts";

/** The rule. */
export const deferredTrigger: Rule = {
  id: "C5",
  slug: "C5-deferred-trigger",
  title: "A deferred trigger runs under the last context of the transaction",
  needs: "catalog",
  find: (facts) => facts.snapshot.triggers.flatMap((trigger) => finding(facts, trigger) ?? []),
};

function finding(facts: Facts, trigger: Trigger): RuleFinding | null {
  const relation = facts.reach.relation(trigger.relation);
  const routine = courtOf(facts).catalog.bySignature(trigger.calls);
  if (!trigger.deferrable || !trigger.enabled || relation === undefined || routine === null) return null;
  if (!holdsTenantRows(facts, relation) || routine.extension !== null) return null;
  if (!["INSERT", "UPDATE", "DELETE"].some((right) => facts.reach.can(right, relation))) return null;
  const { session, tables } = readsOf(routine);
  const writes = bodyOf(routine)
    .parts.flatMap(({ tree }) => accessesOf(tree))
    .some(({ mode }) => mode !== "read");
  if (session.length === 0 && tables.length === 0) return null;
  // the kit refuses a second tenant in one transaction
  const kit = facts.understanding.context.some(({ kind }) => kind === "kit");
  return {
    object: { kind: "trigger", schema: relation.schema, name: relation.name, part: trigger.name },
    message: `Trigger ${trigger.name} on ${said(relation)} may be deferred to COMMIT: in a transaction that serves a second tenant, ${said(routine)}() then ${writes ? "writes" : "looks"} as that one for rows of the first.`,
    severity: kit ? "info" : "medium",
    evidence: [
      `${trigger.name} is deferrable`,
      ...(session.length > 0 ? [`${said(routine)}() reads ${session.join(", ")}`] : []),
      ...(tables.length > 0 ? [`${said(routine)}() touches ${tables.join(", ")}`] : []),
    ],
    keys: [objectKey.trigger(relation, trigger.name), objectKey.routine(routine.signature)],
    fix: "make the trigger not deferrable, or let one transaction serve one tenant; take the tenant from NEW, not from the context",
    attackable: false,
  };
}
