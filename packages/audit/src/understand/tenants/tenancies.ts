/**
 * The tenancy of every table, from the model: its own column, a chain of foreign keys, a person, or none. Must never guess between two columns.
 */
import type { Column, Relation } from "@watertight/schema";
import type { DeclaredTable } from "../declared.ts";
import type { PoliciesMeaning } from "../meaning/policy-meaning.ts";
import { sourceText } from "../meaning/source.ts";
import { dotted, type SchemaGraph } from "../schema/graph.ts";
import type { Tenancy, TenantTable } from "../understanding.ts";
import { derivations } from "./derive.ts";
import { namesUser, type TenantModel } from "./model.ts";
import { ledgerName, ownerStrengthOf, platformOf, plainWord } from "./words.ts";

interface Answer {
  readonly tenancy: Tenancy;
  readonly because: readonly string[];
}

/** Tenancies of all tables, in the snapshot's order. */
export function tenancies(
  graph: SchemaGraph,
  meaning: PoliciesMeaning,
  model: TenantModel,
  declared: ReadonlyMap<string, DeclaredTable>,
): TenantTable[] {
  const roots = graph.tables.filter((table) => graph.root(table) === table);
  const answers = new Map<string, Answer & { readonly declared?: boolean }>();
  for (const table of roots) {
    const said = declaredAnswer(graph, table, declared.get(dotted(table)));
    const answer = said ?? bookkeeping(table, model) ?? ownColumn(graph, meaning, model, table);
    if (answer) answers.set(dotted(table), said ? { ...answer, declared: true } : answer);
  }
  for (const [table, answer] of derivations(graph, answers, roots, model)) answers.set(table, answer);
  for (const table of roots)
    if (!answers.has(dotted(table)) || answers.get(dotted(table))!.tenancy.kind === "unknown")
      answers.set(
        dotted(table),
        answers.get(dotted(table)) ?? personal(graph, meaning, model, table) ?? leftOver(graph, model, table),
      );
  return graph.tables.map((table) => {
    const root = graph.root(table);
    const answer = answers.get(dotted(root))!;
    const publicRows = declared.get(dotted(table))?.publicRows ?? declared.get(dotted(root))?.publicRows ?? null;
    const follows = root === table ? [] : [`${table.isPartition ? "partition of" : "inherits from"} ${dotted(root)}`];
    return {
      relation: { schema: table.schema, name: table.name },
      tenancy: answer.tenancy,
      evidence: {
        source: answer.declared ? ("declared" as const) : ("inferred" as const),
        because: [...follows, ...answer.because],
      },
      publicRows,
    };
  });
}

function declaredAnswer(graph: SchemaGraph, table: Relation, said: DeclaredTable | undefined): Answer | undefined {
  if (said?.global === true) return { tenancy: { kind: "global" }, because: ["declared global"] };
  if (said?.column !== undefined) {
    const column = graph.column(table, said.column);
    if (column) return { tenancy: columnTenancy(column), because: [`declared: column ${column.name}`] };
  }
  if (said?.parent === undefined) return undefined;
  const words = said.parent.split(".");
  const parent = graph.find(words.length > 1 ? words[0] : undefined, words.at(-1)!, [table.schema, "public"]);
  const key =
    parent &&
    graph
      .foreignKeys(table)
      .find((each) => each.parent === parent && (!said.by || said.by.join() === each.columns.join()));
  if (!parent) return undefined;
  return {
    tenancy: {
      kind: "derived",
      columns: key?.columns ?? said.by ?? [],
      parent: { schema: parent.schema, name: parent.name },
      parentColumns: key?.parentColumns ?? graph.primaryKey(parent),
    },
    because: [`declared: belongs to ${dotted(parent)}`],
  };
}

function bookkeeping(table: Relation, model: TenantModel): Answer | undefined {
  const ledger = ledgerName(table.name);
  if (ledger !== undefined) return { tenancy: { kind: "global" }, because: [ledger] };
  if (table.extension !== null)
    return { tenancy: { kind: "global" }, because: [`belongs to the extension ${table.extension}`] };
  const platform = platformOf(table.schema);
  // storage.objects and auth.users hold rows of tenants; the rest of these schemas is the platform's own
  if (platform === undefined || model.users.includes(table) || dotted(table) === "storage.objects") return undefined;
  return { tenancy: { kind: "global" }, because: [`managed by ${platform}`] };
}

function columnTenancy({ name, baseType }: Column, holds?: "user"): Tenancy {
  return { kind: "column", column: name, type: baseType, ...(holds ? { holds } : {}) };
}

function ownColumn(
  graph: SchemaGraph,
  meaning: PoliciesMeaning,
  model: TenantModel,
  table: Relation,
): Answer | undefined {
  const { tenant } = model;
  if (!tenant) return undefined;
  if (tenant.table === table && tenant.key !== null)
    return {
      tenancy: { kind: "tenants", column: tenant.key, type: graph.column(table, tenant.key)!.baseType },
      because: model.because,
    };
  const columns = [...(tenant.columns.get(dotted(table))?.keys() ?? [])]
    .map((name) => graph.column(table, name)!)
    .filter((column) => !model.perUser || isOwner(graph, model, table, column));
  if (columns.length === 0) return undefined;
  const links = meaning.of(table).flatMap((each) => each.links.map((link) => ({ ...link, policy: each.policy.name })));
  const rank = (column: Column): number => {
    const compared = links.filter(
      (link) => link.column === column.name && (model.perUser || link.hops.length > 0 || !namesUser(link.source)),
    );
    return (
      (compared.some((link) => link.hops.length === 0) ? 1000 : compared.length > 0 ? 500 : 0) +
      (tenant.columns.get(dotted(table))!.get(column.name) === "key" ? 120 : 0) +
      (column.name === tenant.name ? 100 : 0) +
      (tenant.columns.get(dotted(table))!.get(column.name) === "name" ? 0 : 4) +
      (column.notNull ? 2 : 0) +
      (model.perUser ? 3 * ownerStrengthOf(column.name) : 0)
    );
  };
  const [best, second] = columns.sort((one, other) => rank(other) - rank(one));
  if (second && rank(second) === rank(best!))
    return {
      tenancy: { kind: "unknown" },
      because: [`${columns.map((column) => column.name).join(" and ")} all hold a tenant; name one in the config`],
    };
  return {
    tenancy: columnTenancy(best!),
    because: [...columnEvidence(graph, model, table, best!), ...comparedEvidence(links, best!)],
  };
}

/** Whether a column of the users' group says whose the row is, and not only who touched it. */
function isOwner(graph: SchemaGraph, model: TenantModel, table: Relation, column: Column): boolean {
  return (
    ownerStrengthOf(column.name) > 0 ||
    model.userColumns?.columns.get(dotted(table))?.get(column.name) === "key" ||
    graph.primaryKey(table).join() === column.name
  );
}

function columnEvidence(graph: SchemaGraph, { tenant }: TenantModel, table: Relation, column: Column): string[] {
  const reason = tenant!.columns.get(dotted(table))?.get(column.name);
  const of = tenant!.table ? dotted(tenant!.table) : "";
  const nullable = column.notNull ? [] : [`${column.name} may be null`];
  if (reason === "foreign key" || reason === "composite key") {
    const key = graph.foreignKeys(table).find((each) => each.columns.includes(column.name));
    return [
      `${column.name} is part of foreign key ${key?.name ?? ""}, which leads to ${of || dotted(key!.parent)}`,
      ...nullable,
    ];
  }
  if (reason === "key") return [`one row for each row of ${of}`];
  return [
    of
      ? `${column.name} has the name and type of ${of}'s key, without a foreign key`
      : `${column.name} is the tenant column by its name`,
    ...nullable,
  ];
}

function comparedEvidence(
  links: readonly {
    column: string;
    policy: string;
    hops: readonly unknown[];
    source: Parameters<typeof sourceText>[0];
  }[],
  column: Column,
): string[] {
  const link = links.find((each) => each.column === column.name && each.hops.length === 0);
  return link ? [`policy ${link.policy} compares it with ${sourceText(link.source)}`] : [];
}

/** A row that belongs to a person, in a schema of organisations. */
function personal(
  graph: SchemaGraph,
  meaning: PoliciesMeaning,
  model: TenantModel,
  table: Relation,
): Answer | undefined {
  if (model.perUser || !model.tenant) return undefined;
  for (const { policy, links } of meaning.of(table))
    for (const { column, source, hops } of links)
      if (hops.length === 0 && namesUser(source))
        return {
          tenancy: columnTenancy(graph.column(table, column)!, "user"),
          because: [`policy ${policy.name} compares ${column} with ${sourceText(source)}: rows belong to one person`],
        };
  if (model.users.includes(table)) return undefined;
  const columns = [...(model.userColumns?.columns.get(dotted(table))?.keys() ?? [])].sort(
    (one, other) => ownerStrengthOf(other) - ownerStrengthOf(one),
  );
  const [best] = columns;
  if (best === undefined || (ownerStrengthOf(best) === 0 && graph.primaryKey(table).join() !== best)) return undefined;
  return {
    tenancy: columnTenancy(graph.column(table, best)!, "user"),
    because: [`${best} holds a user, and no path leads to a tenant: rows belong to one person`],
  };
}

function leftOver(graph: SchemaGraph, model: TenantModel, table: Relation): Answer {
  if (!model.tenant)
    return {
      tenancy: { kind: "unknown" },
      because: ["nothing in the schema looks like a tenant; declare tenant in the config"],
    };
  const names = new Set(table.columns.map((column) => plainWord(column.name)));
  const polymorphic = table.columns.find(
    (column) =>
      /_?type$/i.test(column.name) &&
      names.has(plainWord(column.name.replace(/_?type$/i, "_id"))) &&
      table.columns.some((each) =>
        new RegExp(`^${column.name.replace(/_?type$/i, "").replaceAll(/[^\w]/g, ".")}_?(id|uuid|key)$`, "i").test(
          each.name,
        ),
      ),
  );
  if (polymorphic)
    return {
      tenancy: { kind: "unknown" },
      because: [
        `rows point to anything: ${polymorphic.name} says to which table, and no foreign key holds it; declare the table in the config`,
      ],
    };
  const users = graph.referencedBy(table).map((each) => dotted(each.child));
  const what = model.users.includes(table) ? "people, who may belong to several tenants; " : "";
  return {
    tenancy: { kind: "global" },
    because: [
      `${what}no column and no foreign key leads to a tenant`,
      ...(users.length > 0 ? [`referenced by ${[...new Set(users)].slice(0, 3).join(", ")}`] : []),
    ],
  };
}
