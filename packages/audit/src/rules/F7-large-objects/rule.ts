/**
 * F7: large objects have an owner and an access list, and no rows: what the application stores for one tenant, every tenant's request opens by its
 * number, and the numbers are in the public catalog. Found by columns that hold such numbers, by functions that make them, and by what lies there.
 */
import { quoteName, type Routine } from "@watertight/schema";
import { quoteQualified } from "@watertight/schema";
import { objectKey } from "../../history/object-key.ts";
import { callsIn } from "../judge/calls.ts";
import { may } from "../judge/row-access.ts";
import { needsSql } from "../judge/sql-access.ts";
import { kitSchema, tenantRelations } from "../judge/tenant-rows.ts";
import type { Facts, Rule, RuleFinding } from "../rule.ts";

const makers = /^lo_(create|creat|from_bytea|import|put|open)$/;

/** The rule. */
export const largeObjects: Rule = {
  id: "F7",
  slug: "F7-large-objects",
  title: "Large objects are shared by all tenants",
  needs: "catalog",
  find: (facts) => [...columns(facts), ...routines(facts), ...stored(facts)],
};

function columns(facts: Facts): RuleFinding[] {
  return tenantRelations(facts).flatMap((table) =>
    table.columns
      .filter(({ baseType, type }) => baseType === "oid" || /(^|\.)lo$/.test(type))
      .filter(({ name }) => may(facts, table, "select", name) || may(facts, table, "insert", name))
      .map(({ name, type }): RuleFinding => ({
        object: { kind: "column", schema: table.schema, name: table.name, part: name },
        message: `${table.name}.${name} (${type}) numbers large objects: row security hides the number and not the object, which any tenant can open, change and delete by counting.`,
        severity: needsSql(facts, "high", "medium"),
        evidence: [
          "large objects belong to the role that made them, that is, to all tenants",
          "pg_largeobject_metadata lists their numbers to every role",
        ],
        keys: [objectKey.column(table, name), objectKey.relation(table)],
        fix: `Keep the content in a bytea column (or in object storage under the tenant's prefix):\nalter table ${quoteQualified(table.schema, table.name)} add column ${quoteName(`${name}_data`)} bytea;`,
        attackable: true,
      })),
  );
}

function routines(facts: Facts): RuleFinding[] {
  return facts.snapshot.routines
    .filter(
      (routine) =>
        routine.schema !== kitSchema && routine.extension === null && facts.reach.canCall(routine) && makes(routine),
    )
    .map((routine) => ({
      object: { kind: "function", schema: routine.schema, name: routine.name },
      message: `${routine.name}() makes or opens large objects, which have no tenant: what it stores for one, every other can open by its number.`,
      severity: needsSql(facts, "medium"),
      evidence: [routine.signature, "large objects know owners and access lists, no rows"],
      keys: [objectKey.routine(routine.signature)],
      fix: "Keep the content in a bytea column of a table with row security.",
      attackable: false,
    }));
}

function makes(routine: Routine): boolean {
  return callsIn(routine).some(({ name }) => makers.test(name));
}

/** Only a live database has any. */
function stored(facts: Facts): RuleFinding[] {
  return facts.snapshot.largeObjects
    .filter(({ owner, publicReadable }) => publicReadable || facts.reach.all.has(owner))
    .map(({ owner, count, publicReadable }) => ({
      object: { kind: "role", schema: "", name: owner },
      message: `${owner} owns ${count} large objects that every tenant's request can open${publicReadable ? "; some are readable by PUBLIC" : ""}.`,
      severity: "high",
      evidence: [`pg_largeobject_metadata: ${count} rows of ${owner}`],
      keys: [objectKey.role(owner)],
      fix: "Move their content into a table with row security, then lo_unlink() them.",
      attackable: false,
    }));
}
