/**
 * B22: policies compare rows with current_user, and all tenants come as one role, the pool's: every row then belongs to that role. A role for each
 * tenant is a sound design; it is silent here where there are several, or where the role that was found is a group for roles to come.
 */
import type { Policy } from "@watertight/schema";
import { objectKey } from "../../history/object-key.ts";
import { said } from "../exposure/words.ts";
import { holdsTenantRows } from "../judge/tenant-rows.ts";
import { courtOf } from "../predicate/court.ts";
import { sourceOf } from "../predicate/depend.ts";
import { narrowFix, policyText } from "../predicate/leak-findings.ts";
import { type Term, visitTerms } from "../predicate/term.ts";
import type { Facts, Rule, RuleFinding } from "../rule.ts";

/** The rule. */
export const oneRoleForAll: Rule = {
  id: "B22",
  slug: "B22-one-role-for-all",
  title: "Rows belong to current_user, and all tenants are one role",
  needs: "catalog",
  find(facts) {
    const tenants = facts.understanding.roles.filter(({ kind }) => kind === "tenant");
    const [only, ...others] = tenants;
    const members = facts.snapshot.memberships.some(({ role }) => role === only?.name);
    if (only === undefined || others.length > 0 || members || facts.reach.role(only.name)?.login !== true) return [];
    return facts.snapshot.policies.flatMap((policy) => finding(facts, policy, only.name) ?? []);
  },
};

function finding(facts: Facts, policy: Policy, role: string): RuleFinding | null {
  const relation = facts.reach.relation(policy.relation);
  if (relation === undefined || !relation.rowSecurity || !policy.permissive || !holdsTenantRows(facts, relation))
    return null;
  const predicates = courtOf(facts).policies.expressions(policy);
  if (!predicates.some(({ term, row }) => comparesWithRole(term, row))) return null;
  const shared = /app|api|web|pool|service|backend|server|worker|client|user/i.test(role);
  return {
    object: { kind: "policy", schema: relation.schema, name: relation.name, part: policy.name },
    table: { schema: relation.schema, name: relation.name },
    message: `Policy ${policy.name} on ${said(relation)} compares rows with the database role, and the application has only one, ${role}: all tenants are the same to it.`,
    severity: shared ? "high" : "medium",
    evidence: [...policyText(policy), `${role} is the only role of the application, and logs in itself`],
    keys: [objectKey.policy(relation, policy.name)],
    // the schema's own context is the role, which is what does not work
    fix: `-- app.tenant_id stands for the setting in which requests name their tenant; or give each tenant a role, and log in as it\n${narrowFix({ ...facts, understanding: { ...facts.understanding, context: [] } }, { relation, policy })};`,
    attackable: true,
  };
}

/** A column of the row is compared with the role, and nothing else of the session takes part. */
function comparesWithRole(term: Term, row: unknown): boolean {
  let compares = false;
  let others = false;
  const isCell = (each: Term): boolean =>
    each.kind === "cast" ? isCell(each.term) : each.kind === "column" && each.row === row;
  const isRole = (each: Term): boolean => sourceOf(each)?.kind === "role";
  visitTerms(term, true, (each) => {
    const source = sourceOf(each);
    others ||= source !== null && source.kind !== "role";
    if (each.kind === "operator" && each.name === "=")
      compares ||= (isCell(each.left) && isRole(each.right)) || (isRole(each.left) && isCell(each.right));
  });
  return compares && !others;
}
