/**
 * A9: a permissive policy that was written for another role reaches the application, because the application inherits from that role. Permissive
 * policies are joined by OR, so the widest of them wins. Silent where a restrictive policy for everybody looks at the tenant; one for the application
 * alone binds it until it says SET ROLE.
 */
import { type Policy, quoteName } from "@watertight/schema";
import { objectKey } from "../../history/object-key.ts";
import { roleGraph } from "../../understand/role-graph.ts";
import { isBinding, policiesOf } from "../exposure/exposure.ts";
import { applicationNames } from "../exposure/rights.ts";
import { listed, said } from "../exposure/words.ts";
import { holdsTenantRows } from "../judge/tenant-rows.ts";
import type { Facts, Rule, RuleFinding } from "../rule.ts";

/** The rule. */
export const policyOfAnotherRole: Rule = {
  id: "A9",
  slug: "A9-policy-of-another-role",
  title: "Another role's policy reaches the application",
  needs: "catalog",
  find: (facts) => facts.snapshot.policies.flatMap((policy) => finding(facts, policy) ?? []),
};

function finding(facts: Facts, policy: Policy): RuleFinding | null {
  const { reach, snapshot } = facts;
  const relation = reach.relation(policy.relation);
  const own = applicationNames(facts);
  if (!relation?.rowSecurity || !policy.permissive || !holdsTenantRows(facts, relation)) return null;
  if (policy.roles.some((role) => role === "public" || own.includes(role))) return null;
  const by = policy.roles.filter((role) => reach.all.has(role));
  if (by.length === 0 || isBinding(facts, policy)) return null;
  const { inherited: rightsOf } = roleGraph(snapshot);
  const open = (name: string): boolean =>
    by.some((role) => rightsOf(name).has(role)) && !isFloored(facts, policy, rightsOf(name));
  const inherited = own.some(open);
  if (!inherited && ![...reach.settable].some(open)) return null;
  const members = snapshot.memberships.filter((each) => by.includes(each.role) && reach.all.has(each.member));
  return {
    object: { kind: "policy", schema: relation.schema, name: relation.name, part: policy.name },
    message: `Policy ${policy.name} on ${said(relation)} is for ${listed(by)}, and does not look at the tenant; the application ${inherited ? "inherits from" : "can become"} that role, so it sees what the policy shows.`,
    severity: inherited ? "critical" : "high",
    evidence: [
      `policy ${policy.name} for ${policy.command} to ${policy.roles.join(", ")}: ${policy.using ?? policy.check ?? "no condition"}`,
      ...members.map(({ role, member }) => `${member} is a member of ${role}`),
    ],
    keys: [
      ...members.map(({ role, member }) => objectKey.membership(role, member)),
      objectKey.policy(relation, policy.name),
    ],
    fix: `${members.map(({ role, member }) => `revoke ${quoteName(role)} from ${quoteName(member)};`).join("\n")}\n-- or a restrictive policy FOR ALL TO PUBLIC that compares the tenant`,
    attackable: true,
  };
}

/** A restrictive policy that looks at the tenant, for the same command and for somebody with the rights of these roles. */
function isFloored(facts: Facts, policy: Policy, rights: ReadonlySet<string>): boolean {
  return policiesOf(facts, policy.relation).some(
    (floor) =>
      !floor.permissive &&
      floor.roles.some((role) => role === "public" || rights.has(role)) &&
      (floor.command === "all" || floor.command === policy.command) &&
      isBinding(facts, floor),
  );
}
