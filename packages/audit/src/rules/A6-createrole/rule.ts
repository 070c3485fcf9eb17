/**
 * A6: the application can make itself a member of other roles. Before PostgreSQL 16, CREATEROLE grants itself every role that is no superuser;
 * since 16 it takes ADMIN OPTION (both seen). What it could become decides the severity.
 */
import { quoteName } from "@watertight/schema";
import { objectKey } from "../../history/object-key.ts";
import { applicationNames } from "../exposure/rights.ts";
import { listed } from "../exposure/words.ts";
import { needsSql } from "../judge/sql-access.ts";
import { tenantRelations } from "../judge/tenant-rows.ts";
import type { Facts, Rule, RuleFinding } from "../rule.ts";

/** The rule. */
export const createRole: Rule = {
  id: "A6",
  slug: "A6-createrole",
  title: "The application can grant itself roles",
  needs: "catalog",
  find: (facts) => [...facts.reach.all].flatMap((name) => finding(facts, name) ?? []),
};

function finding(facts: Facts, name: string): RuleFinding | null {
  const { reach, snapshot } = facts;
  const role = reach.role(name);
  if (role === undefined || role.superuser || role.predefined) return null;
  const admin = snapshot.memberships.filter((each) => each.member === name && each.admin).map((each) => each.role);
  if (!role.createRole && admin.length === 0) return null;
  const all = role.createRole && snapshot.version < 160000;
  const gained = (all ? [...reach.selfGrantable] : admin.filter((each) => reach.selfGrantable.has(each))).filter(
    (each) => matters(facts, each),
  );
  if (gained.length === 0 && !role.createRole) return null;
  const mine = applicationNames(facts).includes(name)
    ? "The application's role"
    : "A role that the application can use,";
  return {
    object: { kind: "role", schema: "", name },
    message:
      gained.length > 0
        ? `${mine} ${name} can grant itself ${listed(gained)}, and act as that role on every tenant's rows.`
        : `${mine} ${name} has CREATEROLE: it can make login roles that outlive the application's own password${all ? "" : "; before PostgreSQL 16 it could grant itself any role"}.`,
    severity: gained.length > 0 ? needsSql(facts, "critical") : "medium",
    evidence: [
      ...(role.createRole
        ? [
            `pg_roles.rolcreaterole is true for ${name}`,
            `the server is PostgreSQL ${Math.floor(snapshot.version / 10000)}`,
          ]
        : []),
      ...(admin.length > 0 ? [`${name} has ADMIN OPTION on ${listed(admin)}`] : []),
    ],
    keys: [...admin.map((each) => objectKey.membership(each, name)), objectKey.role(name)],
    fix: [
      ...(role.createRole ? [`alter role ${quoteName(name)} nocreaterole;`] : []),
      ...admin.map((each) => `revoke admin option for ${quoteName(each)} from ${quoteName(name)};`),
    ].join(" "),
    attackable: gained.length > 0,
  };
}

/** Whether a role is worth having: it bypasses row security, owns tables of tenants, or is PostgreSQL's own. */
function matters(facts: Facts, name: string): boolean {
  const role = facts.reach.role(name);
  if (role === undefined) return false;
  return (
    role.superuser ||
    role.bypassRls ||
    tenantRelations(facts).some(({ owner }) => owner === name) ||
    /^pg_(read|write|execute)_/.test(name)
  );
}
