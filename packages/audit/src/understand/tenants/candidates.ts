/**
 * Who could be the tenant, each with its weight and the sentences behind it. A policy that compares a column with the context weighs most, then
 * one that asks a membership, then the shape of the graph, then names. Must never let a name alone outweigh a policy.
 */
import type { Relation } from "@watertight/schema";
import { linkText, type PoliciesMeaning } from "../meaning/policy-meaning.ts";
import { dotted, type SchemaGraph } from "../schema/graph.ts";
import { type ColumnGroup, groupOfName, groupOfTable, keyColumn } from "./column-group.ts";
import type { People } from "./people.ts";
import { ledgerName, plainWord, platformOf, soundsLikeMembership, tenantStrengthOf } from "./words.ts";

/** Somebody who could be the tenant. */
export interface Candidate {
  readonly group: ColumnGroup;
  readonly score: number;
  /** Tables whose policies compare the column with a source. */
  readonly policies: number;
  /** Tables whose policies reach the column through a membership. */
  readonly memberships: number;
  /** How much its name sounds like a tenant. */
  readonly strength: number;
  readonly because: readonly string[];
}

// below this a candidate has neither a name nor a policy nor the graph on its side
const leastScore = 12;

/** All candidates, the heaviest first. */
export function findCandidates(graph: SchemaGraph, meaning: PoliciesMeaning, people: People): Candidate[] {
  const tables = graph.tables.filter((table) => isOwn(table) && !people.tables.includes(table));
  const groups = tables
    // what nobody can point to with one column is nobody's tenant
    .filter((table) => keyColumn(graph, table) !== null)
    .map((table) => groupOfTable(graph, table))
    .filter((group) => group.columns.size > 1 || tenantStrengthOf(group.table!.name) >= 8);
  const all = graph.tables.filter(isOwn).length;
  const joins = tables.filter(
    (table) =>
      soundsLikeMembership(table.name) && graph.foreignKeys(table).some((key) => people.tables.includes(key.parent)),
  );
  return [...groups, ...unexplained(graph, meaning, tables, groups).map((name) => groupOfName(graph, name))]
    .map((group) => weigh(graph, meaning, group, { joins, all }))
    .filter((candidate) => candidate.score >= leastScore)
    .sort((one, other) => other.score - one.score);
}

/** A table of the project itself, each once. */
function isOwn(table: Relation): boolean {
  return !table.isPartition && platformOf(table.schema) === undefined && ledgerName(table.name) === undefined;
}

/** Names of columns that no group explains, and that a policy compares or that sound like a tenant. */
function unexplained(
  graph: SchemaGraph,
  meaning: PoliciesMeaning,
  tables: readonly Relation[],
  groups: readonly ColumnGroup[],
): string[] {
  const explained = new Set(
    groups.flatMap((group) =>
      [...group.columns].flatMap(([relation, columns]) => [...columns.keys()].map((column) => `${relation}.${column}`)),
    ),
  );
  const names = new Map<string, string>();
  for (const table of tables) {
    const compared = new Set(
      meaning
        .of(dotted(table))
        .flatMap(({ links }) =>
          links.filter((link) => link.hops.length === 0 && !link.user).map((link) => link.column),
        ),
    );
    for (const { name } of table.columns)
      if (!explained.has(`${dotted(table)}.${name}`) && (compared.has(name) || tenantStrengthOf(name) >= 8))
        names.set(plainWord(name), name);
  }
  return [...names.values()];
}

/** What all candidates are weighed against. */
interface Field {
  /** Tables that sound like memberships and point to people. */
  readonly joins: readonly Relation[];
  /** How many tables there are. */
  readonly all: number;
}

function weigh(graph: SchemaGraph, meaning: PoliciesMeaning, group: ColumnGroup, { joins, all }: Field): Candidate {
  const direct = new Map<string, string>();
  const through = new Map<string, string>();
  for (const [relation, columns] of group.columns)
    for (const reading of meaning.of(relation))
      for (const link of reading.links) {
        if (!columns.has(link.column)) continue;
        const [hop, ...further] = link.hops;
        if (!hop && !link.user) direct.set(relation, linkText(reading, link));
        else if (hop && further.length === 0 && link.user && isMembershipHop(graph, hop.relation, hop.leave))
          through.set(relation, linkText(reading, link));
      }
  const { table, name, sameName } = group;
  const tableStrength = tenantStrengthOf(table?.name ?? "");
  const strength = Math.max(tableStrength, tenantStrengthOf(name ?? ""));
  const holders = [...group.columns.values()].filter((columns) =>
    [...columns.values()].some((reason) => reason !== "key"),
  ).length;
  const members = joins.find((each) => group.columns.has(dotted(each)));
  // without a name that says so, the graph must: most tables point there, and it points to nobody
  const isRoot = table !== null && graph.foreignKeys(table).every((each) => each.parent === table);
  const graphSays = sameName >= 3 && holders >= all / 2 && isRoot;
  const worthy = direct.size > 0 || through.size > 0 || graphSays || (strength > 0 && (holders > 0 || strength >= 8));
  const score =
    (direct.size > 0 ? 30 + 6 * Math.min(direct.size, 10) : 0) +
    (through.size > 0 ? 24 + 5 * Math.min(through.size, 10) : 0) +
    strength +
    (members ? 6 : 0) +
    (graphSays ? 8 : 0) +
    2 * Math.min(sameName, 10) +
    Math.round((6 * holders) / Math.max(all, 1));
  return {
    group,
    score: worthy ? score : 0,
    policies: direct.size,
    memberships: through.size,
    strength,
    because: [
      ...firstOf(direct),
      ...firstOf(through),
      ...(table && sameName > 0
        ? [
            `${sameName} ${sameName === 1 ? "table has" : "tables have"} a column ${name} that holds the key of ${dotted(table)}`,
          ]
        : []),
      ...(table
        ? []
        : [
            `${holders} ${holders === 1 ? "table has" : "tables have"} a column ${name}; no table of tenants was found`,
          ]),
      ...(members ? [`${dotted(members)} joins it with people`] : []),
      ...(strength > 0 ? [`the name ${tableStrength > 0 ? table!.name : name} says so`] : []),
    ],
  };
}

/** The first sentence, and how many there are. */
export function firstOf(sentences: ReadonlyMap<string, string>): string[] {
  const [first] = sentences.values();
  if (first === undefined) return [];
  const more = sentences.size - 1;
  return more === 0 ? [first] : [first, `the same holds on ${more} more ${more === 1 ? "table" : "tables"}`];
}

/** Whether a hop's way out may repeat: a membership, not a parent whose owner is asked for. */
export function isMembershipHop(graph: SchemaGraph, relation: Relation, leave: string): boolean {
  return !graph.uniqueKeys(relation).some((key) => key.length === 1 && key[0] === leave);
}
