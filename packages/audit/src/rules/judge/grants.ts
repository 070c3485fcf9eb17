/**
 * Privileges that were granted, as opposed to those that come with ownership: whoever owns a table has all of them, and REVOKE takes none away
 * (that is A7). Must never call the owner's own rights a grant.
 */
import type { QualifiedName, Relation } from "@watertight/schema";
import { quoteName, quoteQualified } from "@watertight/schema";
import { dotted } from "../../understand/schema/graph.ts";
import type { Facts } from "../rule.ts";
import { graphOf } from "./tenant-rows.ts";

/** Application roles, or PUBLIC, to whom the privilege on the relation was granted; empty when the application owns it anyway. */
export function grantees({ reach }: Facts, privilege: string, relation: Relation): string[] {
  if (reach.all.has(relation.owner) || !reach.can(privilege, relation)) return [];
  const lists = [relation.acl, ...relation.columns.map(({ acl }) => acl)];
  const roles = lists.flatMap((acl) => acl.flatMap((grant) => (grant.privilege === privilege ? [grant.role] : [])));
  return [...new Set(roles)].filter((role) => role === "public" || reach.all.has(role));
}

/** REVOKE statements. */
export function revoke(
  privilege: string,
  relation: QualifiedName & { readonly kind?: string },
  roles: readonly string[],
): string {
  const what = relation.kind === "S" ? "sequence " : "";
  return `revoke ${privilege} on ${what}${quoteQualified(relation.schema, relation.name)} from ${roleList(roles)};`;
}

/** Roles for GRANT and REVOKE; PUBLIC is a word and no name. */
export function roleList(roles: readonly string[]): string {
  return roles.map((role) => (role === "public" ? role : quoteName(role))).join(", ");
}

/** Whether an ancestor is in the list already: one finding for a partitioned table, not one for each partition. */
export function ancestorIn(facts: Facts, relation: Relation, found: ReadonlySet<string>): boolean {
  const root = graphOf(facts).root(relation);
  return root !== relation && found.has(dotted(root));
}
