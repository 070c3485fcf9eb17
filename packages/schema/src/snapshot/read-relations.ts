/**
 * Schemas, and tables, views, sequences and foreign tables with their columns.
 */
import {
  callsOf,
  extensionOf,
  grants,
  grantsOr,
  inScope,
  listOf,
  type Part,
  qualified,
  readsOf,
} from "./catalog-sql.ts";
import type { Column, Relation, Snapshot } from "./snapshot.ts";

/** The user's schemas. */
export const schemasPart: Part<Snapshot["schemas"][number]> = {
  what: "schemas",
  sql: () => `
    select n.nspname as name, pg_catalog.pg_get_userbyid(n.nspowner) as owner, ${grantsOr("n.nspacl", "'n'", "n.nspowner")} as acl
      from pg_catalog.pg_namespace n where ${inScope} order by n.nspname`,
};

/** Relations without their columns. `key` joins the two. */
export const relationsPart: Part<Omit<Relation, "columns"> & { readonly key: number }> = {
  what: "tables, views and sequences",
  sql: () => `
    select c.oid::int8 as key, n.nspname as schema, c.relname as name, c.relkind as kind, pg_catalog.pg_get_userbyid(c.relowner) as owner,
           c.relrowsecurity as "rowSecurity", c.relforcerowsecurity as forced,
           ${grantsOr("c.relacl", "case c.relkind when 'S' then 's'::\"char\" else 'r'::\"char\" end", "c.relowner")} as acl,
           coalesce(pg_catalog.to_json(c.reloptions), '[]') as options,
           (select pg_catalog.json_build_object('strategy', case t.partstrat when 'l' then 'list' when 'r' then 'range' else 'hash' end,
                     'columns', ${listOf(
                       "coalesce(a.attname, pg_catalog.pg_get_expr(t.partexprs, t.partrelid))",
                       "pg_catalog.unnest(t.partattrs) with ordinality k(number, place) left join pg_catalog.pg_attribute a on a.attrelid = t.partrelid and a.attnum = k.number and k.number <> 0",
                       "k.place",
                     )})
              from pg_catalog.pg_partitioned_table t where t.partrelid = c.oid) as partitioning,
           ${listOf(
             qualified("pc", "pn"),
             "pg_catalog.pg_inherits i join pg_catalog.pg_class pc on pc.oid = i.inhparent join pg_catalog.pg_namespace pn on pn.oid = pc.relnamespace where i.inhrelid = c.oid",
             "i.inhseqno",
           )} as parents,
           c.relispartition as "isPartition", pg_catalog.pg_get_expr(c.relpartbound, c.oid) as "partitionBound",
           case when c.relkind in ('v', 'm') then pg_catalog.pg_get_viewdef(c.oid) end as definition,
           case when v.oid is null then '[]' else ${readsOf("pg_rewrite", "v.oid", "c.oid")} end as reads,
           case when v.oid is null then '[]' else ${callsOf("pg_rewrite", "v.oid")} end as calls,
           case when c.relkind = 'S' then (select pg_catalog.json_build_object('schema', dn.nspname, 'name', dc.relname, 'column', da.attname)
              from pg_catalog.pg_depend d join pg_catalog.pg_class dc on dc.oid = d.refobjid join pg_catalog.pg_namespace dn on dn.oid = dc.relnamespace
              join pg_catalog.pg_attribute da on da.attrelid = dc.oid and da.attnum = d.refobjsubid
             where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = c.oid
               and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.refobjsubid > 0 and d.deptype in ('a', 'i') limit 1) end as "ownedBy",
           case when c.relkind = 'f' then (select s.srvname from pg_catalog.pg_foreign_table f join pg_catalog.pg_foreign_server s on s.oid = f.ftserver
             where f.ftrelid = c.oid) end as server,
           ${extensionOf("pg_class", "c.oid")} as extension, pg_catalog.obj_description(c.oid, 'pg_class') as comment
      from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
           left join pg_catalog.pg_rewrite v on c.relkind in ('v', 'm') and v.ev_class = c.oid and v.rulename = '_RETURN'
     where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and ${inScope}
     order by n.nspname, c.relname`,
};

/**
 * Columns, one row for each relation. A domain's NOT NULL counts as the column's; on 18 a NOT NULL that was never validated does not, since
 * rows without a value may be there. `types` walks down domains and arrays.
 */
export const columnsPart: Part<{ readonly key: number; readonly columns: readonly Column[] }> = {
  what: "columns",
  sql: (version) => `
    with recursive col as materialized (
      select a.attrelid, a.attname, a.attnum, a.atttypid, a.atttypmod, a.attnotnull, a.attgenerated, a.attidentity, a.attcollation, a.attacl, a.atthasdef
        from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
       where a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'v', 'm', 'f') and ${inScope}),
    walk as (
      select distinct atttypid as start, atttypmod as startmod, atttypid as type, atttypmod as mod, 0 as depth, false as notnull from col
      union all
      select w.start, w.startmod, case t.typtype when 'd' then t.typbasetype else t.typelem end,
             case t.typtype when 'd' then t.typtypmod else w.mod end, w.depth + 1,
             w.notnull or (t.typtype = 'd' and t.typnotnull and w.depth = 0)
        from walk w join pg_catalog.pg_type t on t.oid = w.type
       where t.typtype = 'd' or (t.typcategory = 'A' and t.typelem <> 0)),
    types as materialized (
      select w.start, w.startmod, pg_catalog.format_type(w.start, w.startmod) as name, pg_catalog.format_type(w.type, w.mod) as base,
             s.typtype as kind, w.notnull, ${listOf("e.enumlabel", "pg_catalog.pg_enum e where e.enumtypid = w.type", "e.enumsortorder")} as labels, b.typtype = 'e' as enum
        from (select distinct on (start, startmod) * from walk order by start, startmod, depth desc) w
             join pg_catalog.pg_type s on s.oid = w.start join pg_catalog.pg_type b on b.oid = w.type)
    select col.attrelid::int8 as key, pg_catalog.json_agg(pg_catalog.json_build_object('name', col.attname, 'number', col.attnum,
             'type', t.name, 'baseType', t.base, 'typeKind', t.kind, 'enumLabels', case when t.enum then t.labels end,
             'notNull', t.notnull or (col.attnotnull${
               version >= 180000
                 ? " and not exists (select from pg_catalog.pg_constraint nn where nn.conrelid = col.attrelid and nn.contype = 'n' and not nn.convalidated and nn.conkey[1] = col.attnum)"
                 : ""
             }),
             'default', case when col.atthasdef then (select pg_catalog.pg_get_expr(d.adbin, d.adrelid) from pg_catalog.pg_attrdef d where d.adrelid = col.attrelid and d.adnum = col.attnum) end,
             'generated', case col.attgenerated when 's' then 'stored' when 'v' then 'virtual' end,
             'identity', case col.attidentity when 'a' then 'always' when 'd' then 'by default' end,
             'deterministicCollation', coalesce(o.collisdeterministic, true),
             'acl', case when col.attacl is null then '[]' else ${grants("col.attacl")} end) order by col.attnum) as columns
      from col join types t on t.start = col.atttypid and t.startmod = col.atttypmod left join pg_catalog.pg_collation o on o.oid = col.attcollation
     group by col.attrelid`,
};
