/**
 * F16: tables of an extension or of a job queue that the application may read or write. Nobody thinks of them as tenant tables, they have no row
 * security, and their payloads hold what the jobs work on: every tenant's data.
 */
import type { Relation } from "@watertight/schema";
import { objectKey } from "../../history/object-key.ts";
import { dotted } from "../../understand/schema/graph.ts";
import { grantees, revoke } from "../judge/grants.ts";
import { isBound } from "../judge/row-access.ts";
import { needsSql } from "../judge/sql-access.ts";
import { holdsTenantRows } from "../judge/tenant-rows.ts";
import type { Rule } from "../rule.ts";

// Schemas that job queues and schedulers on PostgreSQL use for themselves.
const queueSchemas = /^(cron|pgmq|pgboss|graphile_worker|net|pgq|que|river|oban|solid_queue|supabase_functions)$/;

/** The rule. */
export const queueTables: Rule = {
  id: "F16",
  slug: "F16-queue-tables",
  title: "Queue or extension table open to the application",
  needs: "catalog",
  find: (facts) =>
    facts.snapshot.relations
      .filter((relation) => isQueue(relation) && !isBound(facts, relation) && !holdsTenantRows(facts, relation))
      .flatMap((table) => {
        const rights = ["SELECT", "INSERT", "UPDATE", "DELETE"].filter(
          (right) => grantees(facts, right, table).length > 0,
        );
        if (rights.length === 0) return [];
        const roles = [...new Set(rights.flatMap((right) => grantees(facts, right, table)))];
        const reads = rights.some((right) => right !== "INSERT");
        return {
          object: { kind: "table", schema: table.schema, name: table.name } as const,
          message: `${roles.join(", ")} may ${rights.join(", ")} on ${dotted(table)}${table.extension === null ? "" : ` (extension ${table.extension})`}, which has no row security: jobs and payloads of all tenants ${reads ? "can be read or changed" : "can be forged"}.`,
          severity: needsSql(facts, reads ? "high" : "medium"),
          evidence: [
            table.extension === null
              ? `schema ${table.schema} is a job queue's`
              : `belongs to extension ${table.extension}`,
            `${rights.join(", ")} granted to ${roles.join(", ")}`,
          ],
          keys: [...roles.map((role) => objectKey.grant(objectKey.relation(table), role)), objectKey.relation(table)],
          fix: `${revoke("all", table, roles)}\n-- let the application add jobs through a definer function that writes the tenant into the payload`,
          attackable: true,
        };
      }),
};

/** Tables alone: the views and functions of extensions are made for everybody. */
function isQueue({ kind, extension, schema, columns }: Relation): boolean {
  if (kind !== "r" && kind !== "p") return false;
  // what an extension ships as data (spatial_ref_sys, dictionaries) has no payload
  return (
    queueSchemas.test(schema) ||
    (extension !== null &&
      columns.some(({ baseType }) => /^(jsonb?|text|bytea)$/.test(baseType)) &&
      columns.some(({ name }) => /payload|command|message|body|args|task|job/i.test(name)))
  );
}
