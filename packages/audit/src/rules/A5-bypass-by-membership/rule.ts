/**
 * A5: the application's role may SET ROLE to one that bypasses row security. The attribute is not inherited, so nothing leaks until somebody
 * says SET ROLE: whoever can run SQL can. Roles that requests do not run as (a login role that only switches) are C9's.
 */
import { quoteName } from "@watertight/schema";
import { objectKey } from "../../history/object-key.ts";
import { applicationNames } from "../exposure/rights.ts";
import { needsSql } from "../judge/sql-access.ts";
import type { Rule } from "../rule.ts";

/** The rule. */
export const bypassByMembership: Rule = {
  id: "A5",
  slug: "A5-bypass-by-membership",
  title: "The application can become a role that bypasses row security",
  needs: "catalog",
  find: (facts) => {
    const own = new Set(applicationNames(facts));
    // a superuser can become everybody; that is said once, as A4
    if ([...own].some((name) => facts.reach.role(name)?.superuser === true)) return [];
    return [...facts.reach.settable].flatMap((name) => {
      const role = facts.reach.role(name);
      if (own.has(name) || role === undefined || !(role.superuser || role.bypassRls)) return [];
      const members = facts.snapshot.memberships.filter(
        (each) => each.role === name && facts.reach.settable.has(each.member),
      );
      return [
        {
          object: { kind: "role", schema: "", name } as const,
          message: `The application can SET ROLE to ${name}, ${role.superuser ? "a superuser" : "which has BYPASSRLS"}: one injected statement lifts row security from every table.`,
          severity: needsSql(facts, role.superuser ? "critical" : "high"),
          evidence: [
            `pg_roles.${role.superuser ? "rolsuper" : "rolbypassrls"} is true for ${name}`,
            ...members.map(({ member }) => `${member} is a member of ${name} and may SET ROLE to it`),
          ],
          keys: [...members.map(({ member }) => objectKey.membership(name, member)), objectKey.role(name)],
          fix: members.map(({ member }) => `revoke ${quoteName(name)} from ${quoteName(member)};`).join(" "),
          attackable: true,
        } as const,
      ];
    });
  },
};
