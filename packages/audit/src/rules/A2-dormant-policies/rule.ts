/**
 * A2: policies on a table whose row security is off. PostgreSQL keeps them and asks none. Must not repeat A1: here somebody believes that the
 * table is protected.
 */
import { objectKey } from "../../history/object-key.ts";
import { policiesOf } from "../exposure/exposure.ts";
import { rightsOn } from "../exposure/rights.ts";
import { listed, said, sqlName } from "../exposure/words.ts";
import { holdsTenantRows } from "../judge/tenant-rows.ts";
import type { Rule } from "../rule.ts";

/** The rule. */
export const dormantPolicies: Rule = {
  id: "A2",
  slug: "A2-dormant-policies",
  title: "Policies without row security",
  needs: "catalog",
  find: (facts) =>
    facts.snapshot.relations.flatMap((table) => {
      const policies = policiesOf(facts, table);
      if (table.rowSecurity || policies.length === 0) return [];
      const rights = rightsOn(facts, table);
      const names = policies.map(({ name }) => name);
      const open = rights.length > 0 && holdsTenantRows(facts, table);
      const reached = table.isPartition ? "directly" : "";
      return [
        {
          object: { kind: "table", schema: table.schema, name: table.name } as const,
          message: `${said(table)} has ${listed(names)}, but row security is off, so no policy is asked${
            open ? `: the application may ${listed(rights)} ${reached}all tenants' rows` : ""
          }.`,
          severity: open ? "critical" : rights.length > 0 ? "medium" : "low",
          evidence: [
            "pg_class.relrowsecurity is false",
            `policies that nobody asks: ${listed(names)}`,
            rights.length > 0 ? `an application role has ${listed(rights)}` : "no application role has a right on it",
          ],
          keys: [objectKey.rowSecurity(table), ...names.map((name) => objectKey.policy(table, name))],
          fix: `alter table ${sqlName(table)} enable row level security, force row level security;`,
          attackable: open,
        } as const,
      ];
    }),
};
