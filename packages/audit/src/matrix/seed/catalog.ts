/**
 * What the seed must know beyond the snapshot: the expressions of checks and domains, and the ways into partitions. Must never read a row.
 */
import type { Constraint, Relation } from "@watertight/schema";
import { dotted, type SchemaGraph } from "../../understand/schema/graph.ts";
import type { Session } from "../wire/session.ts";
import type { Check, DomainFacts } from "./solve.ts";
import type { Values } from "./values.ts";

const domainQuery = `
with recursive walk as (
  select n.nspname || '.' || c.relname as relation, a.attname as column, t.oid as type, t.typtype, t.typbasetype, t.typtypmod
    from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    join pg_catalog.pg_type t on t.oid = a.atttypid
   where t.typtype = 'd' and a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p')
  union all
  select w.relation, w.column, t.oid, t.typtype, t.typbasetype, case t.typtype when 'd' then t.typtypmod else w.typtypmod end
    from walk w join pg_catalog.pg_type t on t.oid = w.typbasetype where w.typtype = 'd')
select w.relation, w.column, pg_catalog.format_type(w.type, case when w.typtype = 'd' then null else w.typtypmod end), w.typtype,
       (select pg_catalog.json_agg(pg_catalog.pg_get_expr(k.conbin, 0)) from pg_catalog.pg_constraint k where k.contypid = w.type and k.contype = 'c')
  from walk w`;

/** Domains by table (schema.name) and column. */
export type Domains = ReadonlyMap<string, ReadonlyMap<string, DomainFacts>>;

/** Reads the domains of all columns. */
export async function readDomains(admin: Session): Promise<Domains> {
  const found = new Map<string, Map<string, { type: string; checks: string[] }>>();
  for (const [relation, column, type, kind, checks] of (await admin.must(domainQuery)).rows) {
    const table = found.get(relation!) ?? new Map<string, { type: string; checks: string[] }>();
    found.set(relation!, table);
    const facts = table.get(column!) ?? { type: "text", checks: [] };
    table.set(column!, facts);
    if (kind !== "d") facts.type = type!;
    if (checks) facts.checks.push(...(JSON.parse(checks) as string[]));
  }
  return found;
}

/** The inside of CHECK (…), whatever stands behind it. */
function checkExpression(definition: string): string | null {
  const start = definition.indexOf("(");
  if (!definition.startsWith("CHECK") || start < 0) return null;
  let depth = 0;
  let quote: string | null = null;
  for (let at = start; at < definition.length; at += 1) {
    const letter = definition[at]!;
    if (quote !== null) {
      if (letter === quote) quote = null;
    } else if (letter === "'" || letter === '"') quote = letter;
    else if (letter === "(") depth += 1;
    else if (letter === ")") {
      depth -= 1;
      if (depth === 0) return definition.slice(start + 1, at);
    }
  }
  return null;
}

/** Checks of a table and, because a row must get into one of them, of nothing else. */
export function checksOf(constraints: readonly Constraint[]): Check[] {
  return constraints.flatMap(({ kind, definition, columns }) => {
    const expression = kind === "check" ? checkExpression(definition) : null;
    return expression === null ? [] : [{ expression, columns }];
  });
}

const listValues = (list: string): (string | null)[] =>
  [...list.matchAll(/'((?:[^']|'')*)'|(NULL)|(-?[\w.]+)/g)].map(([, text, none, plain]) =>
    none !== undefined ? null : (text?.replaceAll("''", "'") ?? plain ?? null),
  );

// Between two bounds, for when a bound has no lowest value.
function below(value: string): string {
  if (/^-?\d+$/.test(value)) return String(Number(value) - 1);
  const date = new Date(`${value.slice(0, 10)}T00:00:00Z`);
  return Number.isNaN(date.getTime()) ? "" : new Date(date.getTime() - 86_400_000).toISOString().slice(0, 10);
}

/** What the partition columns must hold to get into a partition by its bound; null where only trying tells (hash, default). */
function boundValues(columns: readonly string[], bound: string, which: number): Values | null {
  const list = /^FOR VALUES IN \((.*)\)$/s.exec(bound);
  if (list) {
    const values = listValues(list[1]!);
    return new Map([[columns[0]!, values[which % values.length] ?? null]]);
  }
  const range = /^FOR VALUES FROM \((.*)\) TO \((.*)\)$/s.exec(bound);
  if (!range) return null;
  const [from, to] = [listValues(range[1]!), listValues(range[2]!)];
  return new Map(
    columns.flatMap((column, at): [string, string | null][] => {
      if (from[at] !== undefined && from[at] !== "MINVALUE") return [[column, from[at]]];
      if (to[at] !== undefined && to[at] !== "MAXVALUE") return [[column, below(to[at] ?? "")]];
      return [];
    }),
  );
}

/** A leaf of a partitioned table and what a row needs to get there. */
export interface Leaf {
  readonly relation: Relation;
  readonly ways: (which: number) => Values | null;
}

/** All leaves below a partitioned table. */
export function leavesOf(graph: SchemaGraph, root: Relation): Leaf[] {
  const children = graph.tables.filter(
    (table) => table.isPartition && table.parents[0] !== undefined && dotted(table.parents[0]) === dotted(root),
  );
  return children.flatMap((child): Leaf[] => {
    const own = (which: number): Values | null =>
      boundValues(root.partitioning?.columns ?? [], child.partitionBound ?? "", which);
    if (child.kind !== "p") return [{ relation: child, ways: own }];
    return leavesOf(graph, child).map(({ relation, ways }) => ({
      relation,
      ways: (which) => {
        const [outer, inner] = [own(which), ways(which)];
        return outer === null && inner === null ? null : new Map([...(outer ?? []), ...(inner ?? [])]);
      },
    }));
  });
}
