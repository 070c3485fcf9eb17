/**
 * Decides who the tenant is: the rows of a table (or only the values of a column), or each user for themselves. Two answers that weigh the same
 * are said to be two: then there is none, and the owner is asked.
 */
import type { Relation } from "@watertight/schema";
import type { Declared } from "../declared.ts";
import { linkText, type PoliciesMeaning } from "../meaning/policy-meaning.ts";
import { sourceKey } from "../meaning/source.ts";
import { dotted, type SchemaGraph } from "../schema/graph.ts";
import { type Candidate, findCandidates, firstOf } from "./candidates.ts";
import { type ColumnGroup, groupOfName, groupOfTable, withColumns } from "./column-group.ts";
import { type People, withCompared } from "./people.ts";
import { ownerStrengthOf, plainWord, tenantStrengthOf } from "./words.ts";

/** Who the tenant is. */
export interface TenantModel {
  readonly perUser: boolean;
  /** Columns that hold the tenant; undefined when nothing in the schema looks like one, or two things do. */
  readonly tenant: ColumnGroup | undefined;
  readonly people: People;
  readonly because: readonly string[];
  readonly declared: boolean;
}

// closer than this, two candidates with the same kind of evidence cannot be told apart
const tie = 0.85;

/** Decides. `known` are the people by the graph alone. */
export function tenantModel(
  graph: SchemaGraph,
  meaning: PoliciesMeaning,
  known: People,
  declared: Declared = {},
): TenantModel {
  const people = withCompared(graph, known, meaning);
  const base = { people, declared: false, perUser: false };
  const said = declaredGroup(graph, declared, people);
  if (said) return { ...base, ...said, declared: true };

  const candidates = findCandidates(graph, meaning, people);
  const best = candidates[0] && uppermost(graph, candidates, candidates[0]);
  const personal = personalTables(graph, meaning, people);
  if (people.columns && isPerUser(best, personal))
    return { ...base, perUser: true, tenant: people.columns, because: personalEvidence(people, personal) };
  if (!best) return { ...base, tenant: undefined, because: ["no table and no column looks like a tenant's"] };
  const rivals = candidates.filter((each) => isRival(graph, best, each));
  if (rivals.length > 0)
    return {
      ...base,
      tenant: undefined,
      because: [`${[best, ...rivals].map(({ group }) => describe(group)).join(" and ")} look as much like tenants`],
    };
  return { ...base, tenant: withComparedColumns(meaning, best.group), because: best.because };
}

function describe({ table, name }: ColumnGroup): string {
  return table ? `${dotted(table)}${name === null ? "" : ` (by ${name})`}` : `column ${name}`;
}

function declaredGroup(
  graph: SchemaGraph,
  { tenant }: Declared,
  people: People,
): Pick<TenantModel, "tenant" | "because" | "perUser"> | undefined {
  if (tenant?.table !== undefined) {
    const words = tenant.table.split(".");
    const table = graph.find(words.length > 1 ? words[0] : undefined, words.at(-1)!, ["public"]);
    const because = [`declared: tenants are the rows of ${tenant.table}`];
    if (table && people.columns && people.tables.includes(table))
      return { tenant: people.columns, perUser: true, because };
    if (table) return { tenant: groupOfTable(graph, table), perUser: false, because };
  }
  if (tenant?.column === undefined) return undefined;
  const group = bestTableFor(graph, tenant.column) ?? groupOfName(graph, tenant.column);
  return { tenant: group, perUser: false, because: [`declared: the tenant column is ${tenant.column}`] };
}

/** The group of the table that most columns of a name reference. */
function bestTableFor(graph: SchemaGraph, column: string): ColumnGroup | undefined {
  const counts = new Map<Relation, number>();
  for (const table of graph.tables)
    for (const each of graph.foreignKeys(table))
      if (each.columns.length === 1 && each.columns[0] === column)
        counts.set(each.parent, (counts.get(each.parent) ?? 0) + 1);
  const best = [...counts].sort((one, other) => other[1] - one[1])[0]?.[0];
  return best && groupOfTable(graph, best);
}

/** Columns without a foreign key that policies compare with what they compare the tenant with. */
function withComparedColumns(meaning: PoliciesMeaning, group: ColumnGroup): ColumnGroup {
  const direct = meaning.readings.flatMap(({ relation, links }) =>
    links
      .filter((link) => link.hops.length === 0 && !link.user)
      .map(({ column, source }) => ({ relation, column, source: sourceKey(source) })),
  );
  const sources = new Set(
    direct
      .filter(({ relation, column }) => group.columns.get(dotted(relation))?.has(column))
      .map(({ source }) => source),
  );
  return withColumns(
    group,
    direct.filter(({ source }) => sources.has(source)),
  );
}

/** Without a policy that says otherwise the tenant is the highest: organisations stand above their workspaces. */
function uppermost(graph: SchemaGraph, candidates: readonly Candidate[], best: Candidate): Candidate {
  if (best.policies > 0 || best.memberships > 0 || !best.group.table) return best;
  const { table } = best.group;
  const above = candidates.find(
    (each) =>
      each.group.table !== null &&
      each.group.table !== table &&
      tenantStrengthOf(each.group.table.name) >= Math.max(8, best.strength - 2) &&
      reaches(graph, table, each.group.table) &&
      !reaches(graph, each.group.table, table),
  );
  return above ? uppermost(graph, candidates, above) : best;
}

function isRival(graph: SchemaGraph, best: Candidate, other: Candidate): boolean {
  if (other === best || other.score < best.score * tie || evidenceOf(other) !== evidenceOf(best)) return false;
  const [one, two] = [best.group.table, other.group.table];
  // the tenants' own column once more, in a table where no foreign key explains it
  if (!(one && two) && plainWord(best.group.name ?? "") === plainWord(other.group.name ?? "")) return false;
  return !one || !two || !(reaches(graph, one, two) || reaches(graph, two, one));
}

function evidenceOf({ policies, memberships }: Candidate): number {
  return policies > 0 ? 2 : memberships > 0 ? 1 : 0;
}

/** Whether every row of one table belongs, over keys that are never null, to a row of the other. */
export function reaches(graph: SchemaGraph, from: Relation, to: Relation): boolean {
  const seen = new Set([from]);
  // a Set hands out what is added while it is walked
  for (const table of seen)
    for (const key of graph.foreignKeys(table)) if (key.required && key.parent !== from) seen.add(key.parent);
  return from !== to && seen.has(to);
}

/** Tables that belong to one person each. */
interface Personal {
  /** With the policy that says so. */
  readonly byPolicy: ReadonlyMap<string, string>;
  readonly byColumn: readonly string[];
}

function personalTables(graph: SchemaGraph, meaning: PoliciesMeaning, { columns }: People): Personal {
  const byPolicy = new Map<string, string>();
  for (const reading of meaning.readings)
    for (const link of reading.links)
      if (link.hops.length === 0 && link.user) byPolicy.set(dotted(reading.relation), linkText(reading, link));
  const byColumn = graph.tables
    .filter((table) => [...(columns?.columns.get(dotted(table)) ?? [])].some(([column]) => ownerStrengthOf(column) > 0))
    .map(dotted);
  return { byPolicy, byColumn };
}

function isPerUser(best: Candidate | undefined, { byPolicy, byColumn }: Personal): boolean {
  if (!best) return byPolicy.size > 0 || byColumn.length > 0;
  // products.minimum = a claim: one column that is compared with something, among many that are compared with the user
  if (best.policies > 0) return best.strength === 0 && best.group.table === null && best.policies < byPolicy.size;
  const score = byPolicy.size > 0 ? 24 + 5 * Math.min(byPolicy.size, 10) : 0;
  if (best.memberships > 0) return best.strength < 6 && best.memberships < 2 && score > best.score;
  // companies(user_id) in one person's address book: the policies say whose it is
  const owned = best.group.table !== null && byPolicy.has(dotted(best.group.table));
  return byPolicy.size > 0 && (owned || score > best.score);
}

function personalEvidence({ tables: [users], columns }: People, { byPolicy, byColumn }: Personal): string[] {
  return [
    ...firstOf(byPolicy),
    ...(users && byColumn.length > 0
      ? [
          `${byColumn.length} ${byColumn.length === 1 ? "table points" : "tables point"} to ${dotted(users)} by columns such as ${columns?.name}`,
        ]
      : []),
    "no table of organisations takes part: each user is a tenant",
  ];
}
