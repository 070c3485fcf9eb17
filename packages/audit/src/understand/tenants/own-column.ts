/**
 * Tables that hold the tenant in a column of their own. Where several do, policies choose, then the name that most tables use; must never choose
 * between two that nothing tells apart.
 */
import type { Column, Relation } from "@watertight/schema";
import type { KnownLink } from "../meaning/links.ts";
import { linkText, type PoliciesMeaning } from "../meaning/policy-meaning.ts";
import { dotted, type SchemaGraph } from "../schema/graph.ts";
import { type Answer, columnTenancy } from "./answer.ts";
import type { ColumnGroup } from "./column-group.ts";
import type { TenantModel } from "./model.ts";
import { ownerStrengthOf } from "./words.ts";

/** The answer of the table's own columns; undefined where none holds a tenant. */
export function ownColumn(
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
    .filter((column) => !model.perUser || isOwner(graph, tenant, table, column));
  const readings = meaning.of(dotted(table));
  const rank = rankIn(
    model,
    tenant,
    table,
    readings.flatMap(({ links }) => links),
  );
  const [best, second] = columns.sort((one, other) => rank(other) - rank(one));
  if (!best) return undefined;
  if (second && rank(second) === rank(best))
    return {
      tenancy: { kind: "unknown" },
      because: [`${columns.map((column) => column.name).join(" and ")} all hold a tenant; declare the one that counts`],
    };
  const ties = readings.flatMap((reading) =>
    reading.links
      .filter((link) => link.column === best.name && (link.hops.length === 0 || !model.perUser))
      .map((link) => ({ direct: link.hops.length === 0, text: linkText(reading, link) })),
  );
  const tie = ties.find((each) => each.direct) ?? ties[0];
  return {
    tenancy: columnTenancy(best),
    because: [...columnEvidence(graph, tenant, table, best), ...(tie ? [tie.text] : [])],
  };
}

/** How well a column says whose the row is; equal ranks mean that nobody can tell. */
function rankIn(
  { perUser }: TenantModel,
  tenant: ColumnGroup,
  table: Relation,
  links: readonly KnownLink[],
): (column: Column) => number {
  return (column) => {
    const compared = links.filter(
      (link) => link.column === column.name && (perUser || link.hops.length > 0 || !link.user),
    );
    const reason = tenant.columns.get(dotted(table))!.get(column.name);
    return (
      (compared.some((link) => link.hops.length === 0) ? 1000 : compared.length > 0 ? 500 : 0) +
      (reason === "key" ? 120 : 0) +
      (column.name === tenant.name ? 100 : 0) +
      (reason === "name" ? 0 : 4) +
      (column.notNull ? 2 : 0) +
      (perUser ? 3 * ownerStrengthOf(column.name) : 0)
    );
  };
}

/** Whether a column that holds a user says whose the row is, and not only who touched it. */
function isOwner(graph: SchemaGraph, users: ColumnGroup, table: Relation, column: Column): boolean {
  const reason = users.columns.get(dotted(table))?.get(column.name);
  return (
    reason === "key" ||
    reason === "policy" ||
    ownerStrengthOf(column.name) > 0 ||
    graph.primaryKey(table).join() === column.name
  );
}

function columnEvidence(graph: SchemaGraph, tenant: ColumnGroup, table: Relation, column: Column): string[] {
  const of = tenant.table ? dotted(tenant.table) : "";
  const nullable = column.notNull ? [] : [`${column.name} may be null`];
  switch (tenant.columns.get(dotted(table))?.get(column.name)) {
    case "foreign key":
    case "composite key": {
      const key = graph.foreignKeys(table).find((each) => each.columns.includes(column.name))!;
      return [
        `${column.name} is part of foreign key ${key.name}, which leads to ${of || dotted(key.parent)}`,
        ...nullable,
      ];
    }
    case "key":
      return [`one row for each row of ${of}`];
    case "policy":
      return nullable;
    default:
      return [
        of
          ? `${column.name} has the name and type of ${of}'s key, without a foreign key`
          : `${column.name} is the tenant column by its name`,
        ...nullable,
      ];
  }
}
