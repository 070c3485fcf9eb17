/**
 * A1: a table with rows of tenants, no row security and rights for the application. Leaves tables with policies to A2, because there somebody
 * believes in them, and partitions to F4 and A15, because through their parent they are guarded.
 */
import { objectKey } from "../../history/object-key.ts";
import { policiesOf } from "../exposure/exposure.ts";
import { rightsOn } from "../exposure/rights.ts";
import { listed, said } from "../exposure/words.ts";
import { holdsTenantRows, kitSchema, tenancyOf } from "../judge/tenant-rows.ts";
import { floorFix } from "../predicate/floor.ts";
import type { Facts, Rule, RuleFinding } from "../rule.ts";
import type { Relation } from "@watertight/schema";

/** The rule. */
export const rowSecurityOff: Rule = {
  id: "A1",
  slug: "A1-row-security-off",
  title: "Row security is off",
  needs: "catalog",
  find: (facts) =>
    facts.snapshot.relations
      .filter(
        (table) =>
          (table.kind === "r" || table.kind === "p") &&
          !table.rowSecurity &&
          !table.isPartition &&
          table.extension === null &&
          table.schema !== kitSchema,
      )
      .flatMap((table) => finding(facts, table) ?? []),
};

function finding(facts: Facts, table: Relation): RuleFinding | null {
  const rights = rightsOn(facts, table);
  const { kind } = tenancyOf(facts, table);
  if (rights.length === 0 || kind === "global" || policiesOf(facts, table).length > 0) return null;
  const sure = holdsTenantRows(facts, table);
  const name = said(table);
  return {
    object: { kind: "table", schema: table.schema, name: table.name },
    message: sure
      ? `Row security is off on ${name}, and the application may ${listed(rights)}: every tenant reaches every tenant's rows.`
      : `Row security is off on ${name}, and nobody can tell whose rows it holds: if they are a tenant's, every tenant reaches them.`,
    severity: sure ? "critical" : "medium",
    evidence: [
      "pg_class.relrowsecurity is false, and there is no policy",
      `an application role has ${listed(rights)} on ${name}`,
      ...facts.understanding.tables
        .filter(({ relation }) => relation.schema === table.schema && relation.name === table.name)
        .flatMap(({ evidence }) => evidence.because),
    ],
    keys: [objectKey.rowSecurity(table), objectKey.relation(table)],
    fix: sure
      ? floorFix(facts, table)
      : `declare ${name} as global in watertight.config.ts, or name the column that holds its tenant; then protect it`,
    attackable: sure,
  };
}
