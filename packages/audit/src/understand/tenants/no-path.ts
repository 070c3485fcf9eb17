/**
 * Tables that no path ties to a tenant: bookkeeping, rows of a person, things that point anywhere, and what all tenants share. Must never call
 * a table shared when a key of it leads to one that nobody understands.
 */
import type { Relation } from "@watertight/schema";
import { linkText, type PoliciesMeaning } from "../meaning/policy-meaning.ts";
import type { TenantTable } from "../understanding.ts";
import { dotted, type SchemaGraph } from "../schema/graph.ts";
import { type Answer, columnTenancy } from "./answer.ts";
import { reaches, type TenantModel } from "./model.ts";
import { isRootOfPeople } from "./people.ts";
import { ledgerName, ownerStrengthOf, platformOf, tenantStrengthOf } from "./words.ts";

const ofExtension = "belongs to the extension";

/** Whether a table of the understanding is bookkeeping: nobody has to say of it that all share it. */
export function isBookkeeping({ relation, evidence }: TenantTable): boolean {
  const isExtensions = evidence.because.some((each) => each.startsWith(ofExtension));
  return isExtensions || ledgerName(relation.name) !== undefined || platformOf(relation.schema) !== undefined;
}

/** Ledgers, tables of extensions and of the platform. */
export function bookkeeping(table: Relation, { people }: TenantModel): Answer | undefined {
  const ledger = ledgerName(table.name);
  if (ledger !== undefined) return { tenancy: { kind: "global" }, because: [ledger] };
  if (table.extension !== null) return { tenancy: { kind: "global" }, because: [`${ofExtension} ${table.extension}`] };
  const platform = platformOf(table.schema);
  // storage.objects and auth.users hold rows of tenants; the rest of these schemas is the platform's own
  if (platform === undefined || people.tables.includes(table) || dotted(table) === "storage.objects") return undefined;
  return { tenancy: { kind: "global" }, because: [`managed by ${platform}`] };
}

/** Rows that belong to a person, in a schema of organisations. */
export function personal(
  graph: SchemaGraph,
  meaning: PoliciesMeaning,
  { perUser, tenant, people }: TenantModel,
  table: Relation,
): Answer | undefined {
  if (perUser || !tenant) return undefined;
  for (const reading of meaning.of(dotted(table))) {
    const link = reading.links.find((each) => each.hops.length === 0 && each.user);
    if (link)
      return {
        tenancy: columnTenancy(graph.column(table, link.column)!, "user"),
        because: [`${linkText(reading, link)}: rows belong to one person`],
      };
  }
  if (isRootOfPeople(graph, people, table)) return undefined;
  const [best] = [...(people.columns?.columns.get(dotted(table))?.keys() ?? [])].sort(
    (one, other) => ownerStrengthOf(other) - ownerStrengthOf(one),
  );
  if (best === undefined || (ownerStrengthOf(best) === 0 && graph.primaryKey(table).join() !== best)) return undefined;
  return {
    tenancy: columnTenancy(graph.column(table, best)!, "user"),
    because: [`${best} holds a user, and no path leads to a tenant: rows belong to one person`],
  };
}

/** What is left. `answers` are those so far: a key to an unknown table makes its rows unknown, too. */
export function leftOver(
  graph: SchemaGraph,
  model: TenantModel,
  table: Relation,
  answers: ReadonlyMap<string, Answer>,
): Answer {
  const { tenant, people } = model;
  if (!tenant) return unknown(...model.because);
  if (tenant.table && tenantStrengthOf(table.name) >= 6 && reaches(graph, tenant.table, table))
    return unknown(`stands above the tenants: each row of ${dotted(tenant.table)} belongs to one of its rows`);
  if (dotted(table) === "storage.objects")
    return graph.snapshot.policies.some((each) => dotted(each.relation) === "storage.objects")
      ? unknown(
          "policies look at the path of a file, not at a column that holds a tenant, and what a path means only the application knows; B13 judges the policies",
        )
      : { tenancy: { kind: "global" }, because: ["managed by Supabase, and no policy opens it"] };
  const polymorphic = polymorphicColumn(table);
  if (polymorphic !== undefined)
    return unknown(`rows point to anything: ${polymorphic} says to which table, and no foreign key holds it`);
  const unclear = graph.foreignKeys(table).find((key) => answers.get(dotted(key.parent))?.tenancy.kind === "unknown");
  if (unclear)
    return unknown(`foreign key ${unclear.name} leads to ${dotted(unclear.parent)}, whose tenant is unknown`);
  const users = [...new Set(graph.referencedBy(table).map((each) => dotted(each.child)))];
  return {
    tenancy: { kind: "global" },
    because: [
      people.tables.includes(table)
        ? "people, who may belong to several tenants; no column leads to one"
        : "no column and no foreign key leads to a tenant",
      ...(users.length > 0 ? [`referenced by ${users.slice(0, 3).join(", ")}`] : []),
    ],
  };
}

function unknown(...because: string[]): Answer {
  return { tenancy: { kind: "unknown" }, because: [...because, "declare it in watertight.config.ts"] };
}

/** The column that names a table, beside one that holds the key: commentable_type and commentable_id. */
function polymorphicColumn(table: Relation): string | undefined {
  const names = new Set(table.columns.map((column) => column.name.toLowerCase().replaceAll("_", "")));
  return table.columns.find(({ name }) => {
    const stem = /^(.+?)_?type$/i.exec(name)?.[1]?.toLowerCase().replaceAll("_", "");
    return stem !== undefined && ["id", "uuid", "key"].some((end) => names.has(stem + end));
  })?.name;
}
