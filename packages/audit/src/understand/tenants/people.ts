/**
 * The people of a schema: tables of users, and all columns that hold one. Must never take a table of tenants for one of users.
 */
import type { Relation } from "@watertight/schema";
import type { PoliciesMeaning } from "../meaning/policy-meaning.ts";
import { dotted, type SchemaGraph } from "../schema/graph.ts";
import { type ColumnGroup, groupOfName, groupOfTable, withColumns } from "./column-group.ts";
import { soundsLikeUsers, tenantStrengthOf } from "./words.ts";

/** People. */
export interface People {
  /** The table that others extend first: auth.users, then users, then profiles. */
  readonly tables: readonly Relation[];
  /** Columns that hold a user. */
  readonly columns: ColumnGroup | undefined;
}

/** Tables of users and the columns that point to them. */
export function peopleOf(graph: SchemaGraph): People {
  const tables = userTables(graph);
  return { tables, columns: tables.length > 0 ? groupOfTable(graph, tables[0]!, tables.slice(1)) : undefined };
}

/** The same with the columns that policies compare with who asks: `clerk_id text` has no foreign key. */
export function withCompared(graph: SchemaGraph, people: People, meaning: PoliciesMeaning): People {
  const compared = meaning.readings.flatMap(({ relation, links }) =>
    links.filter((link) => link.user && link.hops.length === 0).map(({ column }) => ({ relation, column })),
  );
  if (compared.length === 0) return people;
  // auth.users is always there; users of another provider are only in the token
  const holds = people.columns?.columns;
  const apart = compared.every(({ relation, column }) => !holds?.get(dotted(relation))?.has(column));
  const columns =
    people.columns && !(apart && people.columns.sameName === 0)
      ? people.columns
      : groupOfName(graph, mostFrequent(compared.map(({ column }) => column)));
  return { ...people, columns: withColumns(columns, compared) };
}

/** Whether a table is nothing but users: not one that extends them. */
export function isRootOfPeople(graph: SchemaGraph, { tables }: People, table: Relation): boolean {
  return tables.includes(table) && !graph.foreignKeys(table).some((each) => tables.includes(each.parent));
}

function mostFrequent(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort((one, other) => other[1] - one[1])[0]![0];
}

function userTables(graph: SchemaGraph): readonly Relation[] {
  const likely = graph.tables.filter(
    (table) =>
      !table.isPartition &&
      (soundsLikeUsers(table.name) || looksLikeUsers(table)) &&
      !(table.schema === "auth" && table.name !== "users"),
  );
  const roots = likely.filter((table) => !isOneOfMany(graph, table, likely));
  const known = new Set(roots.map(dotted));
  // profiles(id references users): the same people once more, whatever the table is called
  const extensions = graph.tables.filter((table) => !known.has(dotted(table)) && extendsOne(graph, table, known));
  const rank = (table: Relation): number => (table.schema === "auth" ? 0 : extendsOne(graph, table, known) ? 2 : 1);
  return [...roots, ...extensions].sort((one, other) => rank(one) - rank(other));
}

/** logins(token, user_id), identities(provider, user_id): things of which a person has several, where people have a table. */
function isOneOfMany(graph: SchemaGraph, table: Relation, people: readonly Relation[]): boolean {
  if (!/^(.*_)?(logins?|identit(y|ies))$/i.test(table.name)) return false;
  const single = new Set(graph.uniqueKeys(table).flatMap((key) => (key.length === 1 ? key : [])));
  return graph
    .foreignKeys(table)
    .some(
      ({ parent, columns }) =>
        parent !== table && people.includes(parent) && columns.length === 1 && !single.has(columns[0]!),
    );
}

/** Whether the table's whole key is a foreign key to one of these tables: one row for one row. */
function extendsOne(graph: SchemaGraph, table: Relation, parents: ReadonlySet<string>): boolean {
  const key = graph.primaryKey(table);
  return (
    key.length === 1 &&
    graph
      .foreignKeys(table)
      .some((each) => each.columns.length === 1 && each.columns[0] === key[0] && parents.has(dotted(each.parent)))
  );
}

function looksLikeUsers(table: Relation): boolean {
  const has = (pattern: RegExp): boolean => table.columns.some((column) => pattern.test(column.name));
  return (
    tenantStrengthOf(table.name) === 0 &&
    has(/^e[-_]?mail(_?address)?$/i) &&
    has(/pass(word|wd|_?hash|phrase)|kennwort/i)
  );
}
