/**
 * F9: logical replication decodes the log and asks no row security. A publication without row filter hands every tenant's rows to each subscriber;
 * an application role with REPLICATION can be that subscriber, without any grant on the tables. Supabase's Realtime checks policies itself.
 */
import type { Publication } from "@watertight/schema";
import { quoteName, quoteQualified } from "@watertight/schema";
import { objectKey } from "../../history/object-key.ts";
import { tenantRelations } from "../judge/tenant-rows.ts";
import type { Facts, Rule, Severity } from "../rule.ts";

/** The rule. */
export const publications: Rule = {
  id: "F9",
  slug: "F9-publications",
  title: "Publication without row filter",
  needs: "catalog",
  find: (facts) =>
    facts.snapshot.publications.flatMap((publication) => {
      const open = unfiltered(facts, publication);
      const [first] = open;
      if (first === undefined) return [];
      const replicators = [...facts.reach.all].filter((role) => facts.reach.role(role)?.replication === true);
      return {
        object: { kind: "publication", schema: "", name: publication.name } as const,
        table: { schema: first.schema, name: first.name },
        message: `Publication ${publication.name} sends every tenant's rows of ${open.map(({ name }) => name).join(", ")} to each subscriber${replicators.length > 0 ? `, and ${replicators.join(", ")} may subscribe` : ""}.`,
        severity: severityOf(publication, replicators),
        evidence: [
          publication.allTables
            ? "FOR ALL TABLES"
            : publication.schemas.length > 0
              ? `FOR TABLES IN SCHEMA ${publication.schemas.join(", ")}`
              : "no row filter (WHERE)",
          "logical decoding does not know row security",
          ...(replicators.length > 0
            ? [`${replicators.join(", ")}: REPLICATION`]
            : ["no application role has REPLICATION"]),
        ],
        keys: [objectKey.publication(publication.name)],
        fix: `A publication for each tenant: create publication tenant_x for table ${quoteQualified(first.schema, first.name)} where (tenant_id = '…'); then drop publication ${quoteName(publication.name)}. Where one subscriber may have all rows, give the subscriber row security of its own.`,
        attackable: false,
      };
    }),
};

function severityOf({ name }: Publication, replicators: readonly string[]): Severity {
  if (replicators.length > 0) return "critical";
  // made by the platform, whose Realtime server asks the table's policies for each listener
  return name === "supabase_realtime" ? "info" : "low";
}

function unfiltered(
  facts: Facts,
  { allTables, schemas, tables }: Publication,
): { readonly schema: string; readonly name: string }[] {
  const filters = new Map(tables.map(({ schema, name, filter }) => [JSON.stringify([schema, name]), filter]));
  return tenantRelations(facts).filter(
    ({ schema, name, isPartition }) =>
      !isPartition && (allTables || schemas.includes(schema) || filters.get(JSON.stringify([schema, name])) === null),
  );
}
