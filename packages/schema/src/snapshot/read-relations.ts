/**
 * Schemas, and tables, views, sequences and foreign tables with their columns.
 */
import { callsOf, extensionOf, grantsOr, inScope, listOf, type Part, qualified, readsOf } from "./catalog-sql.ts";
import { aclOf, type Unlisted } from "./read-grants.ts";
import type { Relation, Snapshot } from "./snapshot.ts";

/** The user's schemas. */
export const schemasPart: Part<Snapshot["schemas"][number]> = {
  what: "schemas",
  sql: () => `
    select n.nspname as name, pg_catalog.pg_get_userbyid(n.nspowner) as owner, ${grantsOr("n.nspacl", "'n'", "n.nspowner")} as acl
      from pg_catalog.pg_namespace n where ${inScope} order by n.nspname`,
};

/** Relations without their columns. `key` joins the two. */
export const relationsPart: Part<Unlisted<Omit<Relation, "columns">> & { readonly key: number }> = {
  what: "tables, views and sequences",
  sql: () => `
    select c.oid::int8 as key, n.nspname as schema, c.relname as name, c.relkind as kind, pg_catalog.pg_get_userbyid(c.relowner) as owner,
           c.relrowsecurity as "rowSecurity", c.relforcerowsecurity as forced,
           ${aclOf.relation}::text as acl,
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
           coalesce(reads.list, '[]') as reads,
           coalesce(calls.list, '[]') as calls,
           case when c.relkind = 'S' then (select pg_catalog.json_build_object('schema', dn.nspname, 'name', dc.relname, 'column', da.attname)
              from pg_catalog.pg_depend d join pg_catalog.pg_class dc on dc.oid = d.refobjid join pg_catalog.pg_namespace dn on dn.oid = dc.relnamespace
              join pg_catalog.pg_attribute da on da.attrelid = dc.oid and da.attnum = d.refobjsubid
             where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = c.oid
               and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.refobjsubid > 0 and d.deptype in ('a', 'i') limit 1) end as "ownedBy",
           case when c.relkind = 'f' then (select s.srvname from pg_catalog.pg_foreign_table f join pg_catalog.pg_foreign_server s on s.oid = f.ftserver
             where f.ftrelid = c.oid) end as server,
           ${extensionOf("pg_class", "c.oid")} as extension, o.description as comment
      from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
           left join pg_catalog.pg_rewrite v on c.relkind in ('v', 'm') and v.ev_class = c.oid and v.rulename = '_RETURN'
           left join ${readsOf("pg_rewrite", "ev_class")} reads on reads.objid = v.oid left join ${callsOf("pg_rewrite")} calls on calls.objid = v.oid
           left join pg_catalog.pg_description o on o.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass and o.objoid = c.oid and o.objsubid = 0
     where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and ${inScope}
     order by n.nspname, c.relname`,
};
