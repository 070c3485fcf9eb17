/**
 * Decides who the tenant is: the table of tenants (or only a column), or each user for themselves. Policies that compare a column with the
 * context weigh most, then the shape of the graph, then names. Two answers that weigh the same are said to be two, never one.
 */
import type { Relation } from "@watertight/schema";
import type { Declared } from "../declared.ts";
import type { PoliciesMeaning } from "../meaning/policy-meaning.ts";
import { type RawSource, sourceText } from "../meaning/source.ts";
import { dotted, type SchemaGraph } from "../schema/graph.ts";
import { type ColumnGroup, groupOfName, groupOfTable } from "./column-group.ts";
import { userTables } from "./users.ts";
import { ledgerName, ownerStrengthOf, platformOf, plainWord, soundsLikeMembership, tenantStrengthOf } from "./words.ts";

/** Who the tenant is. */
export interface TenantModel {
  readonly perUser: boolean;
  /** Columns that hold the tenant; undefined when nothing in the schema looks like one. */
  readonly tenant: ColumnGroup | undefined;
  readonly users: readonly Relation[];
  /** Columns that hold a user. */
  readonly userColumns: ColumnGroup | undefined;
  readonly because: readonly string[];
  /** Other answers that weigh the same, as text. */
  readonly alternatives: readonly string[];
  readonly declared: boolean;
}

interface Candidate {
  readonly group: ColumnGroup;
  readonly score: number;
  /** Tables whose policies compare the column with a source. */
  readonly policies: number;
  /** Tables whose policies reach the column through a membership. */
  readonly memberships: number;
  readonly strength: number;
  readonly because: readonly string[];
}

/** Sources that name a person by their nature. */
export function namesUser(source: RawSource): boolean {
  if (source.kind === "claims") return /^(sub|user_?id|uid|email|oid)$/i.test(source.path.at(-1) ?? "");
  return (
    source.kind === "setting" &&
    /(^|[._])(user|usr|uid|viewer|actor|person|profile|sub)([._]?(id|uuid))?$/i.test(source.setting)
  );
}

/** Decides. */
export function tenantModel(graph: SchemaGraph, meaning: PoliciesMeaning, declared: Declared = {}): TenantModel {
  const users = userTables(graph);
  const userColumns = users.length > 0 ? groupOfTable(graph, users[0]!, users.slice(1)) : undefined;
  const base = { users, userColumns, alternatives: [], declared: false, perUser: false };
  const said = declaredGroup(graph, declared, users);
  if (said) return { ...base, ...said, declared: true };

  const candidates = findCandidates(graph, meaning, users).sort((one, other) => other.score - one.score);
  const [best, second] = candidates;
  const personal = personalTables(graph, meaning, userColumns);
  if (userColumns && isPerUser(best, personal))
    return {
      ...base,
      perUser: true,
      tenant: userColumns,
      because: personalEvidence(users[0]!, userColumns, personal),
    };
  if (!best) return { ...base, tenant: undefined, because: ["no table and no column looks like a tenant's"] };
  const rival = second && second.score > best.score * 0.85 && !best.policies && !best.memberships ? second : undefined;
  return {
    ...base,
    tenant: best.group,
    because: best.because,
    alternatives: rival && !isAbove(graph, best.group, rival.group) ? [describe(rival.group)] : [],
  };
}

function describe(group: ColumnGroup): string {
  return group.table ? `${dotted(group.table)} (column ${group.name ?? "-"})` : `column ${group.name}`;
}

function declaredGroup(
  graph: SchemaGraph,
  { tenant }: Declared,
  users: readonly Relation[],
): Pick<TenantModel, "tenant" | "because" | "perUser"> | undefined {
  const path = ["public"];
  if (tenant?.table !== undefined) {
    const words = tenant.table.split(".");
    const table = graph.find(words.length > 1 ? words[0] : undefined, words.at(-1)!, path);
    if (table) {
      const perUser = users.includes(table);
      const group = perUser ? groupOfTable(graph, users[0]!, users.slice(1)) : groupOfTable(graph, table);
      return { tenant: group, perUser, because: [`declared: tenants are the rows of ${dotted(table)}`] };
    }
  }
  if (tenant?.column === undefined) return undefined;
  const group = bestTableFor(graph, tenant.column) ?? groupOfName(graph, tenant.column);
  return { tenant: group, perUser: false, because: [`declared: the tenant column is ${tenant.column}`] };
}

/** The table that most columns of a name reference. */
function bestTableFor(graph: SchemaGraph, column: string): ColumnGroup | undefined {
  const counts = new Map<Relation, number>();
  for (const table of graph.tables)
    for (const each of graph.foreignKeys(table))
      if (each.columns.length === 1 && each.columns[0] === column)
        counts.set(each.parent, (counts.get(each.parent) ?? 0) + 1);
  const best = [...counts].sort((one, other) => other[1] - one[1])[0]?.[0];
  return best && groupOfTable(graph, best);
}

function findCandidates(graph: SchemaGraph, meaning: PoliciesMeaning, users: readonly Relation[]): Candidate[] {
  const tables = graph.tables.filter(
    (table) =>
      !table.isPartition &&
      platformOf(table.schema) === undefined &&
      ledgerName(table.name) === undefined &&
      !users.includes(table),
  );
  const groups = tables
    .map((table) => groupOfTable(graph, table))
    .filter((group) => group.key !== null && (group.columns.size > 1 || tenantStrengthOf(group.table!.name) >= 8));
  const explained = new Set(groups.flatMap((group) => [...pairsOf(group)]));
  const names = new Map<string, string>();
  for (const table of tables)
    for (const column of table.columns) {
      const pair = `${dotted(table)}.${column.name}`;
      const compared = meaning
        .of(table)
        .some(({ links }) =>
          links.some((link) => link.column === column.name && link.hops.length === 0 && !namesUser(link.source)),
        );
      if (!explained.has(pair) && (compared || tenantStrengthOf(column.name) >= 8))
        names.set(plainWord(column.name), column.name);
    }
  return [...groups, ...[...names.values()].map((name) => groupOfName(graph, name))]
    .map((group) => weigh(graph, meaning, group, users))
    .filter((candidate) => candidate.score >= 12);
}

function* pairsOf(group: ColumnGroup): Generator<string> {
  for (const [relation, columns] of group.columns)
    for (const [column, reason] of columns) if (reason !== "key") yield `${relation}.${column}`;
}

function weigh(
  graph: SchemaGraph,
  meaning: PoliciesMeaning,
  group: ColumnGroup,
  users: readonly Relation[],
): Candidate {
  const direct = new Map<string, string>();
  const through = new Map<string, string>();
  for (const { relation, policy, links } of meaning.policies)
    for (const link of links) {
      if (!group.columns.get(dotted(relation))?.has(link.column)) continue;
      const last = link.hops.at(-1);
      if (!last && !namesUser(link.source))
        direct.set(
          dotted(relation),
          `policy ${policy.name} on ${dotted(relation)} compares ${link.column} with ${sourceText(link.source)}`,
        );
      else if (
        last &&
        link.hops.length === 1 &&
        namesUser(link.source) &&
        isMembershipHop(graph, last.relation, last.leave)
      )
        through.set(
          dotted(relation),
          `policy ${policy.name} on ${dotted(relation)} finds ${link.column} in ${dotted(last.relation)}, where ${last.enter} is ${sourceText(link.source)}`,
        );
    }
  const strength = Math.max(tenantStrengthOf(group.table?.name ?? ""), tenantStrengthOf(group.name ?? ""));
  const holders = [...group.columns.values()].filter((columns) =>
    [...columns.values()].some((reason) => reason !== "key"),
  ).length;
  const all = graph.tables.filter((table) => !table.isPartition && platformOf(table.schema) === undefined).length;
  const members = graph.tables.find(
    (table) =>
      group.columns.has(dotted(table)) &&
      soundsLikeMembership(table.name) &&
      graph.foreignKeys(table).some((each) => users.includes(each.parent)),
  );
  // without a name that says so, the graph must: most tables point there, and it points to nobody
  const isRoot = group.table !== null && graph.foreignKeys(group.table).every((each) => each.parent === group.table);
  const graphSays = group.sameName >= 3 && holders >= all / 2 && isRoot;
  const score =
    (direct.size > 0 ? 30 : 0) +
    6 * Math.min(direct.size, 10) +
    (through.size > 0 ? 24 : 0) +
    5 * Math.min(through.size, 10) +
    (strength > 0 && (holders > 0 || strength >= 8) ? strength : 0) +
    (members ? 6 : 0) +
    (graphSays ? 8 : 0) +
    2 * Math.min(group.sameName, 10) +
    Math.round((6 * holders) / Math.max(all, 1));
  const worthy = direct.size > 0 || through.size > 0 || strength > 0 || graphSays;
  return {
    group,
    score: worthy ? score : 0,
    policies: direct.size,
    memberships: through.size,
    strength,
    because: [
      ...firstOf(direct, "more policies do the same"),
      ...firstOf(through, "more policies do the same"),
      ...(group.sameName > 0 && group.table
        ? [`${group.sameName} tables have a column ${group.name} that holds the key of ${dotted(group.table)}`]
        : []),
      ...(group.table ? [] : [`${holders} tables have a column ${group.name}; no table of tenants was found`]),
      ...(members ? [`${dotted(members)} joins it with people`] : []),
      ...(strength > 0
        ? [`the name ${group.table && tenantStrengthOf(group.table.name) > 0 ? group.table.name : group.name} says so`]
        : []),
    ],
  };
}

function firstOf(sentences: ReadonlyMap<string, string>, more: string): string[] {
  const [first] = sentences.values();
  if (first === undefined) return [];
  return sentences.size > 1 ? [first, `${sentences.size - 1} ${more}`] : [first];
}

/** Whether a hop's way out may repeat: a membership, not a parent whose owner is asked for. */
export function isMembershipHop(graph: SchemaGraph, relation: Relation, leave: string): boolean {
  return !graph.uniqueKeys(relation).some((key) => key.length === 1 && key[0] === leave);
}

function isAbove(graph: SchemaGraph, upper: ColumnGroup, lower: ColumnGroup): boolean {
  return lower.table !== null && (upper.columns.get(dotted(lower.table))?.size ?? 0) > 0;
}

/** Tables that belong to one person each, with the policies that say so. */
interface Personal {
  readonly byPolicy: ReadonlyMap<string, string>;
  readonly byColumn: readonly string[];
}

function personalTables(graph: SchemaGraph, meaning: PoliciesMeaning, users: ColumnGroup | undefined): Personal {
  const byPolicy = new Map<string, string>();
  for (const { relation, policy, links } of meaning.policies)
    for (const { column, source, hops } of links)
      if (hops.length === 0 && namesUser(source))
        byPolicy.set(
          dotted(relation),
          `policy ${policy.name} on ${dotted(relation)} compares ${column} with ${sourceText(source)}`,
        );
  const byColumn = graph.tables
    .filter((table) => [...(users?.columns.get(dotted(table)) ?? [])].some(([column]) => ownerStrengthOf(column) > 0))
    .map(dotted);
  return { byPolicy, byColumn };
}

function isPerUser(best: Candidate | undefined, personal: Personal): boolean {
  if (!best) return personal.byPolicy.size > 0 || personal.byColumn.length > 0;
  const owned = best.group.table !== null && personal.byPolicy.has(dotted(best.group.table));
  if (best.policies > 0) return false;
  const score = (personal.byPolicy.size > 0 ? 24 : 0) + 5 * Math.min(personal.byPolicy.size, 10);
  if (best.memberships > 0) return best.strength < 6 && best.memberships < 2 && score > best.score;
  // companies(user_id) in one person's address book: the policies say whose it is
  return personal.byPolicy.size > 0 && (owned || score > best.score);
}

function personalEvidence(users: Relation, group: ColumnGroup, personal: Personal): string[] {
  return [
    ...firstOf(personal.byPolicy, "more policies do the same"),
    ...(personal.byColumn.length > 0
      ? [
          `${personal.byColumn.length} tables point to ${dotted(users)}${group.name ? ` by columns such as ${group.name}` : ""}`,
        ]
      : []),
    "no table of organisations takes part: each user is a tenant",
  ];
}
