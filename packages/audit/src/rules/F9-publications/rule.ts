/**
 * F9: logical replication decodes the log and asks no row security. A publication without row filter hands every tenant's rows to each subscriber;
 * an application role with REPLICATION can be that subscriber, or decode without any publication, and needs no grant on the tables. Supabase's
 * Realtime checks policies itself.
 */
import type { Publication } from "@watertight/schema";
import { quoteName, quoteQualified } from "@watertight/schema";
import { objectKey } from "../../history/object-key.ts";
import { needsSql } from "../judge/sql-access.ts";
import { tenantRelations } from "../judge/tenant-rows.ts";
import type { Facts, Rule, RuleFinding, Severity } from "../rule.ts";

/** The rule. */
export const publications: Rule = {
  id: "F9",
  slug: "F9-publications",
  title: "Publication without row filter",
  needs: "catalog",
  find: (facts) => [...replicators(facts).map((name) => replicating(facts, name)), ...unfilteredPublications(facts)],
};

/** The application's roles that may read the log; a superuser is A4's and A5's. */
function replicators({ reach }: Facts): string[] {
  return [...reach.all].filter(
    (name) => reach.role(name)?.replication === true && reach.role(name)?.superuser !== true,
  );
}

/** Without any publication: a decoder like test_decoding asks for none, and a base backup copies all files. */
function replicating(facts: Facts, name: string): RuleFinding {
  const level = facts.snapshot.serverSettings["wal_level"] ?? "unknown";
  const live = facts.history === undefined;
  return {
    object: { kind: "role", schema: "", name },
    message: `The application can use ${name}, which has REPLICATION: without any right on a table it may decode every tenant's changes from the log, or copy the whole server.`,
    severity: needsSql(facts, live && level === "logical" ? "critical" : "high"),
    evidence: [
      `pg_roles.rolreplication is true for ${name}`,
      "logical decoding does not know row security",
      ...(live ? [`wal_level is ${level}`] : []),
    ],
    keys: [objectKey.role(name)],
    fix: `alter role ${quoteName(name)} noreplication;`,
    attackable: false,
  };
}

function unfilteredPublications(facts: Facts): RuleFinding[] {
  return facts.snapshot.publications.flatMap((publication) => {
    const open = unfiltered(facts, publication);
    const [first] = open;
    if (first === undefined) return [];
    const roles = [...facts.reach.all].filter((role) => facts.reach.role(role)?.replication === true);
    return {
      object: { kind: "publication", schema: "", name: publication.name } as const,
      table: { schema: first.schema, name: first.name },
      message: `Publication ${publication.name} sends every tenant's rows of ${open.map(({ name }) => name).join(", ")} to each subscriber${roles.length > 0 ? `, and ${roles.join(", ")} may subscribe` : ""}.`,
      severity: severityOf(publication, roles),
      evidence: [
        publication.allTables
          ? "FOR ALL TABLES"
          : publication.schemas.length > 0
            ? `FOR TABLES IN SCHEMA ${publication.schemas.join(", ")}`
            : "no row filter (WHERE)",
        "logical decoding does not know row security",
        ...(roles.length > 0 ? [`${roles.join(", ")}: REPLICATION`] : ["no application role has REPLICATION"]),
      ],
      keys: [objectKey.publication(publication.name)],
      fix: `A publication for each tenant: create publication tenant_x for table ${quoteQualified(first.schema, first.name)} where (tenant_id = '…'); then drop publication ${quoteName(publication.name)}. Where one subscriber may have all rows, give the subscriber row security of its own.`,
      attackable: false,
    };
  });
}

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
