/**
 * Columns and their types. Ten thousand columns share some dozen types, so each is read once and they meet here.
 */
import { inScope, listOf, type Part } from "./catalog-sql.ts";
import { type GrantLists, grantsIn } from "./read-grants.ts";
import type { Column } from "./snapshot.ts";

/** A type with its modifier, as columns use it. */
export interface ColumnType extends Pick<Column, "type" | "baseType" | "typeKind" | "enumLabels" | "notNull"> {
  /** oid and modifier. */
  readonly key: string;
}

/** What a column has of its own. */
type OwnColumn = Pick<
  Column,
  "name" | "number" | "notNull" | "default" | "generated" | "identity" | "deterministicCollation"
>;

/** One row for each relation; a list for each column, because the names of ten fields in ten thousand rows are most of the bytes. */
export interface ColumnRows {
  readonly key: number;
  readonly columns: readonly (readonly [
    name: string,
    number: number,
    type: string,
    notNull: boolean,
    default_: string | null,
    generated: OwnColumn["generated"],
    identity: OwnColumn["identity"],
    deterministicCollation: boolean,
    acl: string | null,
  ])[];
}

const source = `pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace`;
const chosen = `a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'v', 'm', 'f') and ${inScope}`;

/** Types: `walk` goes down domains and arrays to the last. */
export const columnTypesPart: Part<ColumnType> = {
  what: "types of columns",
  sql: () => `
    with recursive used as (select distinct a.atttypid as oid, a.atttypmod as mod from ${source} where ${chosen}),
    walk as (
      select u.oid as start, u.mod as startmod, u.oid as type, u.mod, 0 as depth, false as notnull, false as array from used u
      union all
      select w.start, w.startmod, case t.typtype when 'd' then t.typbasetype else t.typelem end, case t.typtype when 'd' then t.typtypmod else w.mod end,
             w.depth + 1, w.notnull or (t.typtype = 'd' and t.typnotnull and not w.array), w.array or t.typtype <> 'd'
        from walk w join pg_catalog.pg_type t on t.oid = w.type
       where t.typtype = 'd' or (t.typcategory = 'A' and t.typelem <> 0)),
    last as (select distinct on (w.start, w.startmod) w.* from walk w order by w.start, w.startmod, w.depth desc)
    select l.start || ':' || l.startmod as key, pg_catalog.format_type(l.start, l.startmod) as type, pg_catalog.format_type(l.type, l.mod) as "baseType",
           s.typtype as "typeKind", case when b.typtype = 'e' then ${listOf("e.enumlabel", "pg_catalog.pg_enum e where e.enumtypid = l.type", "e.enumsortorder")} end as "enumLabels",
           l.notnull as "notNull"
      from last l join pg_catalog.pg_type s on s.oid = l.start join pg_catalog.pg_type b on b.oid = l.type`,
};

// Printed before the join, in the order of the tables, each of which the server opens for it; OFFSET 0 keeps the planner from doing it later.
const defaults =
  "(select x.adrelid, x.adnum, pg_catalog.pg_get_expr(x.adbin, x.adrelid) as text from pg_catalog.pg_attrdef x offset 0)";

/** Columns. On 18 a NOT NULL that was never validated does not count, since rows without a value may be there. */
export const columnsPart: Part<ColumnRows> = {
  what: "columns",
  sql: (version) => `
    select a.attrelid::int8 as key, pg_catalog.json_agg(pg_catalog.json_build_array(a.attname, a.attnum, a.atttypid || ':' || a.atttypmod,
             ${version >= 180000 ? "a.attnotnull and loose.conrelid is null" : "a.attnotnull"}, d.text,
             case a.attgenerated when 's' then 'stored' when 'v' then 'virtual' end, case a.attidentity when 'a' then 'always' when 'd' then 'by default' end,
             coalesce(o.collisdeterministic, true), a.attacl::text) order by a.attnum) as columns
      from ${source} left join ${defaults} d on d.adrelid = a.attrelid and d.adnum = a.attnum left join pg_catalog.pg_collation o on o.oid = a.attcollation
           ${version >= 180000 ? "left join pg_catalog.pg_constraint loose on loose.contype = 'n' and not loose.convalidated and loose.conrelid = a.attrelid and loose.conkey[1] = a.attnum" : ""}
     where ${chosen} group by a.attrelid`,
};

/** Puts a relation's columns together. A type that could not be read is named by its key. */
export function columnsOf(rows: ColumnRows, types: ReadonlyMap<string, ColumnType>, lists: GrantLists): Column[] {
  return rows.columns.map(
    ([name, number, key, notNull, default_, generated, identity, deterministicCollation, acl]) => {
      const type = types.get(key);
      return {
        name,
        number,
        type: type?.type ?? key,
        baseType: type?.baseType ?? key,
        typeKind: type?.typeKind ?? "b",
        enumLabels: type?.enumLabels ?? null,
        // a domain's NOT NULL is its columns'
        notNull: notNull || type?.notNull === true,
        default: default_,
        generated,
        identity,
        deterministicCollation,
        acl: grantsIn(lists, acl),
      };
    },
  );
}
