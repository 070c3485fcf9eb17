/**
 * The frame of the three rules about a privilege that row security does not know (F1 TRUNCATE, F2 REFERENCES, F3 TRIGGER): one finding for each
 * table with tenants' rows on which an application role was granted it.
 */
import type { Relation } from "@watertight/schema";
import { objectKey } from "../../history/object-key.ts";
import { dotted } from "../../understand/schema/graph.ts";
import type { Facts, RuleFinding, Severity } from "../rule.ts";
import { ancestorIn, grantees, revoke } from "./grants.ts";
import { tenantRelations } from "./tenant-rows.ts";

/** What differs between the three. */
export interface TableGrant {
  readonly privilege: "TRUNCATE" | "REFERENCES" | "TRIGGER";
  severity(facts: Facts, table: Relation): Severity;
  /** What a tenant can do by it; ends the message. */
  readonly harm: string;
  readonly evidence: readonly string[];
}

/** Runs it. */
export function tableGrantFindings(facts: Facts, { privilege, severity, harm, evidence }: TableGrant): RuleFinding[] {
  const granted = tenantRelations(facts)
    .map((table) => ({ table, roles: grantees(facts, privilege, table) }))
    .filter(({ roles }) => roles.length > 0);
  const names = new Set(granted.map(({ table }) => dotted(table)));
  return granted
    .filter(({ table }) => !ancestorIn(facts, table, names))
    .map(({ table, roles }) => ({
      object: { kind: "table", schema: table.schema, name: table.name },
      message: `${roles.join(", ")} may ${privilege} ${table.name}: ${harm}.`,
      severity: severity(facts, table),
      evidence: [`${privilege} granted to ${roles.join(", ")}`, ...evidence],
      keys: [...roles.map((role) => objectKey.grant(objectKey.relation(table), role)), objectKey.relation(table)],
      fix: revoke(privilege.toLowerCase(), table, roles),
      attackable: true,
    }));
}
