/**
 * What the rows of a table look like to a role that reads them on somebody's behalf: the owner of a view, of a definer function, of a rule.
 * Owner × FORCE × the roles of the policies × the context decide together, and most of the combinations are harmless: a FORCEd owner under a
 * policy TO PUBLIC on a setting of the session sees what the caller sees. Flagging all definers is the largest source of false alarms.
 */
import type { Policy, QualifiedName, Relation } from "@watertight/schema";
import { dotted } from "../../understand/schema/graph.ts";
import { parseExpression } from "../../understand/sql/parser.ts";
import { checkOfTree } from "../bodies/caller-check.ts";
import { isOpenToRead } from "../judge/row-access.ts";
import { holdsTenantRows } from "../judge/tenant-rows.ts";
import type { Facts } from "../rule.ts";

/** Why a role sees the rows of all tenants. */
export interface Exposure {
  readonly why: "no row security" | "owner" | "bypass" | "policy";
  readonly sentence: string;
}

/** How a table's rows of all tenants lie open to a role; null where row security binds it, or where there is nothing to hide. */
export function exposureTo(facts: Facts, role: string, relation: Relation): Exposure | null {
  if (!holdsTenantRows(facts, relation) || isOpenToRead(facts, relation)) return null;
  const name = dotted(relation);
  if (!relation.rowSecurity) {
    // then the table itself is the hole (A1), and nothing that reads it makes it wider
    const direct = facts.reach.can("SELECT", relation);
    return direct ? null : { why: "no row security", sentence: `${name} has no row security` };
  }
  const attributes = facts.reach.role(role);
  if (attributes?.superuser === true) return { why: "bypass", sentence: `${role} is a superuser` };
  if (attributes?.bypassRls === true) return { why: "bypass", sentence: `${role} has BYPASSRLS` };
  if (facts.reach.roleBypasses(role, relation))
    return { why: "owner", sentence: `${role} owns ${name}, and row security is not forced there` };
  const wide = policiesOf(facts, relation).find(
    (policy) => policy.permissive && isFor(policy, role) && !isBinding(facts, policy),
  );
  const floored = policiesOf(facts, relation).some(
    (policy) => !policy.permissive && bindsRole(policy, role) && isBinding(facts, policy),
  );
  if (wide === undefined || floored) return null;
  return { why: "policy", sentence: `policy ${wide.name} on ${name} lets ${role} see rows of every tenant` };
}

// A policy TO PUBLIC that does not look at the context is a hole for everybody, and found as that (B).
const isFor = (policy: Policy, role: string): boolean =>
  policy.roles.includes(role) && (policy.command === "all" || policy.command === "select");

const bindsRole = (policy: Policy, role: string): boolean =>
  (policy.roles.includes("public") || policy.roles.includes(role)) &&
  (policy.command === "all" || policy.command === "select");

/** The policies of a table. */
export function policiesOf({ snapshot }: Facts, { schema, name }: QualifiedName): Policy[] {
  return snapshot.policies.filter(({ relation }) => relation.schema === schema && relation.name === name);
}

/** Whether a policy looks at the tenant at all; whether rightly is the matter of the policy's own rules (B). */
export function isBinding(facts: Facts, { using, check, command }: Policy): boolean {
  const text = command === "insert" ? check : (using ?? check);
  if (text === null) return false;
  if (text === "false") return true;
  const tree = parseExpression(text);
  return tree !== null && checkOfTree(facts, tree) === "tenant";
}
