/** Why the policies of a table do not bind a role. Pure. */
import type { Relation } from "@watertight/schema";
import type { Facts } from "../rules/rule.ts";

/** A sentence; null where policies bind the role. */
export function unboundReason({ reach, snapshot }: Facts, role: string, relation: Relation): string | null {
  if (!relation.rowSecurity) return "row security is off: policies are not asked";
  if (!reach.roleBypasses(role, relation)) return null;
  const attributes = snapshot.roles.find(({ name }) => name === role);
  if (attributes?.superuser) return `${role} is a superuser: policies are not asked`;
  if (attributes?.bypassRls) return `${role} has BYPASSRLS: policies are not asked`;
  return `${role} has the rights of the table's owner, and row security is not forced`;
}
