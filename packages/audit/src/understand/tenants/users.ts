/**
 * The people of a schema: tables of users and the columns that point to them. Must never take a table of tenants for one of users.
 */
import type { Relation } from "@watertight/schema";
import { dotted, type SchemaGraph } from "../schema/graph.ts";
import { soundsLikeUsers, tenantStrengthOf } from "./words.ts";

/** Tables of people, the one that others extend first: auth.users, then users, then profiles. */
export function userTables(graph: SchemaGraph): readonly Relation[] {
  const roots = graph.tables.filter(
    (table) =>
      !table.isPartition &&
      (soundsLikeUsers(table.name) || looksLikeUsers(table)) &&
      !(table.schema === "auth" && table.name !== "users"),
  );
  const known = new Set(roots.map(dotted));
  // profiles(id references users): the same people once more, whatever the table is called
  const extensions = graph.tables.filter((table) => !known.has(dotted(table)) && extendsOne(graph, table, known));
  const rank = (table: Relation): number => (table.schema === "auth" ? 0 : extendsOne(graph, table, known) ? 2 : 1);
  return [...roots, ...extensions].sort((one, other) => rank(one) - rank(other));
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
    has(/^e[-_]?mail(_address)?$/i) &&
    has(/pass(word|wd|_?hash|phrase)|kennwort/i)
  );
}
