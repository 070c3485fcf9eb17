/**
 * C6: ALTER ROLE … SET or ALTER DATABASE … SET gives every new connection a tenant. A query that forgot its context works as that one, RESET ALL and
 * DISCARD ALL return to it. The empty text is no tenant, and a known way to keep current_setting from failing.
 */
import { quoteName } from "@watertight/schema";
import { objectKey } from "../../history/object-key.ts";
import type { Rule, RuleFinding } from "../rule.ts";
import { contextSettings } from "../session/settings.ts";

/** The rule. */
export const presetTenant: Rule = {
  id: "C6",
  slug: "C6-preset-tenant",
  title: "New connections start as a tenant",
  needs: "catalog",
  find(facts) {
    const context = contextSettings(facts);
    // PostgREST's older form, a setting for each claim, which auth.uid() still asks first
    const byClaim = context.has("request.jwt.claims");
    const isContext = (name: string): boolean =>
      context.has(name) || (byClaim && name.startsWith("request.jwt.claim."));
    const logins = new Set(
      facts.understanding.roles.filter(({ kind }) => kind !== "service").flatMap(({ name, login }) => [name, login]),
    );
    return facts.snapshot.settings.flatMap(({ role, database, name, value }): RuleFinding[] => {
      if (!isContext(name.toLowerCase()) || value === "" || (role !== null && !logins.has(role))) return [];
      if (database !== null && database !== facts.snapshot.database.name) return [];
      const whose = role === null ? "every role" : `role ${role}`;
      return [
        {
          object: { kind: "setting", schema: "", name: role === null ? name : `${role}.${name}` },
          message: `New connections of ${whose} start with ${name} = ${value}: a query without a context works as that tenant, and DISCARD ALL returns to it.`,
          severity: "high",
          evidence: [`${role === null ? "alter database" : `alter role ${role}`} set ${name} = '${value}'`],
          keys: [objectKey.setting(role, name)],
          fix: `${role === null ? `alter database ${quoteName(facts.snapshot.database.name)}` : `alter role ${quoteName(role)}${database === null ? "" : ` in database ${quoteName(database)}`}`} reset ${name.split(".").map(quoteName).join(".")}`,
          attackable: true,
        },
      ];
    });
  },
};
