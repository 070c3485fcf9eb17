/**
 * A11: default privileges give the application rights on every table to come, before anybody has thought of row security. No leak by itself, and
 * the usual way on some platforms, so never an error: each table that was left open is found as A1. The same by hand: GRANT in one migration, ENABLE in
 * a later one.
 */
import { type DefaultPrivilege, quoteName } from "@watertight/schema";
import { objectKey } from "../../history/object-key.ts";
import { listed } from "../exposure/words.ts";
import type { Facts, Rule, RuleFinding } from "../rule.ts";
import { grantedFirst } from "./granted-first.ts";

const rows = ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE"];

/** The rule. */
export const defaultPrivileges: Rule = {
  id: "A11",
  slug: "A11-default-privileges",
  title: "Default privileges expose new tables",
  needs: "catalog",
  find: (facts) => [
    ...facts.snapshot.defaultPrivileges.flatMap((each) => finding(facts, each) ?? []),
    ...grantedFirst(facts),
  ],
};

function finding(facts: Facts, { creator, schema, objects, acl }: DefaultPrivilege): RuleFinding | null {
  const { reach, snapshot } = facts;
  // the owner's own entry is always in the list
  const given = acl.filter(
    ({ role, privilege }) => role !== creator && (role === "public" || reach.all.has(role)) && rows.includes(privilege),
  );
  if (objects !== "tables" || given.length === 0) return null;
  const roles = [...new Set(given.map(({ role }) => (role === "public" ? "PUBLIC" : role)))];
  const guarded = snapshot.eventTriggers.some(({ event, enabled }) => event === "ddl_command_end" && enabled);
  const where = schema === null ? "in any schema" : `in schema ${schema}`;
  const used = snapshot.relations.some(
    (table) => table.owner === creator && (schema === null || table.schema === schema),
  );
  return {
    object: { kind: "schema", schema: "", name: schema ?? "*", part: creator },
    message: used
      ? `Each new table that ${creator} creates ${where} is open to ${listed(roles)} at once, row security or not.`
      : `Default privileges ${where} are for tables that ${creator} creates, and it has created none: they never apply to tables of other roles.`,
    severity: used && !guarded ? "medium" : "low",
    evidence: [
      `pg_default_acl: ${listed([...new Set(given.map(({ privilege }) => privilege))])} to ${listed(roles)}`,
      ...(guarded ? ["an event trigger on ddl_command_end looks at new tables"] : []),
    ],
    keys: [objectKey.defaultPrivileges(creator, schema)],
    fix: `alter default privileges for role ${quoteName(creator)}${schema === null ? "" : ` in schema ${quoteName(schema)}`} revoke all on tables from ${roles.map((role) => (role === "PUBLIC" ? "public" : quoteName(role))).join(", ")};\n-- and grant each table by name, after its policies`,
    attackable: false,
  };
}
