/**
 * A4: the application runs as a superuser or as a role with BYPASSRLS. No policy and no FORCE binds it. Services that are meant to bypass
 * (service_role) are not the application's and stay out; who can reach them is A5.
 */
import { objectKey } from "../../history/object-key.ts";
import { applicationNames } from "../exposure/rights.ts";
import type { Rule } from "../rule.ts";
import { quoteName } from "@watertight/schema";

/** The rule. */
export const bypassingRole: Rule = {
  id: "A4",
  slug: "A4-bypassing-role",
  title: "The application's role bypasses row security",
  needs: "catalog",
  find: ({ reach, ...facts }) =>
    applicationNames({ reach, ...facts }).flatMap((name) => {
      const role = reach.role(name);
      if (role === undefined || !(role.superuser || role.bypassRls)) return [];
      const attribute = role.superuser ? "a superuser" : "a role with BYPASSRLS";
      return [
        {
          object: { kind: "role", schema: "", name } as const,
          message: `The application runs as ${name}, ${attribute}: no row security binds it, and every tenant reaches every tenant's rows.`,
          severity: "critical",
          evidence: [
            `pg_roles.${role.superuser ? "rolsuper" : "rolbypassrls"} is true for ${name}`,
            ...facts.understanding.roles
              .filter((each) => each.name === name)
              .flatMap(({ evidence }) => evidence.because),
          ],
          keys: [objectKey.role(name)],
          fix: `alter role ${quoteName(name)} ${role.superuser ? "nosuperuser " : ""}nobypassrls;\n-- migrations and support get roles of their own`,
          attackable: true,
        } as const,
      ];
    }),
};
