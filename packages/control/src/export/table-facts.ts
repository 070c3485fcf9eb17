/**
 * What the reading login sees of the tables of its database: columns, row security, the kit's floor and the columns that the floor rests on.
 * Read from the server's own catalog, which knows what is enforced, and not from anybody's list. Must never ask as anybody but that login.
 */
import type { ExportedColumn } from "./manifest.ts";

/** The kit's floor on a table. */
export interface Floor {
  readonly name: string;
  /** As the server prints it. */
  readonly using: string;
  /** Restrictive, for all commands, to PUBLIC. */
  readonly whole: boolean;
  /** Columns of the table itself that it rests on. */
  readonly columns: readonly string[];
  /** Other tables, for a table whose parent's row decides. */
  readonly parents: readonly string[];
}

/** One table. */
export interface TableFacts {
  /** Quoted, with its schema. */
  readonly id: string;
  readonly schema: string;
  readonly name: string;
  /** pg_class.relkind: r and p are tables. */
  readonly kind: string;
  readonly readable: boolean;
  readonly rls: boolean;
  readonly forced: boolean;
  readonly extension: boolean;
  /** Tables that it inherits from: their rows show its own as well. */
  readonly inherits: readonly string[];
  readonly references: readonly string[];
  readonly columns: readonly ExportedColumn[];
  readonly floors: readonly Floor[];
  /** It has a policy with a name of the kit's. */
  readonly ofKit: boolean;
}

const id = (oid: string): string =>
  `(select pg_catalog.format('%I.%I', xn.nspname, x.relname) from pg_catalog.pg_class x join pg_catalog.pg_namespace xn on xn.oid = x.relnamespace where x.oid = ${oid})`;

/** One row a table, `facts` as {@link TableFacts}. Partitions are left away: their parent shows their rows. */
export const tableFactsText = `
select pg_catalog.jsonb_build_object(
  'id', pg_catalog.format('%I.%I', n.nspname, c.relname), 'schema', n.nspname, 'name', c.relname, 'kind', c.relkind,
  'readable', pg_catalog.has_schema_privilege(n.oid, 'usage') and pg_catalog.has_table_privilege(c.oid, 'select'),
  'rls', c.relrowsecurity, 'forced', c.relforcerowsecurity,
  'extension', exists (select from pg_catalog.pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'),
  'inherits', (select coalesce(pg_catalog.jsonb_agg(${id("i.inhparent")}), '[]') from pg_catalog.pg_inherits i where i.inhrelid = c.oid),
  'references', (select coalesce(pg_catalog.jsonb_agg(distinct ${id("f.confrelid")}), '[]') from pg_catalog.pg_constraint f where f.conrelid = c.oid and f.contype = 'f'),
  'columns', (select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('name', a.attname, 'type', pg_catalog.format_type(a.atttypid, a.atttypmod),
                 'generated', a.attgenerated <> '') order by a.attnum), '[]')
               from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
  'floors', (select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('name', p.polname, 'using', coalesce(pg_catalog.pg_get_expr(p.polqual, p.polrelid), ''),
                 'whole', not p.polpermissive and p.polcmd = '*' and p.polroles = '{0}',
                 'columns', (select coalesce(pg_catalog.jsonb_agg(distinct a.attname), '[]') from pg_catalog.pg_depend d
                               join pg_catalog.pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid and a.attnum > 0
                              where d.classid = 'pg_policy'::regclass and d.objid = p.oid and d.refclassid = 'pg_class'::regclass and d.refobjid = c.oid),
                 'parents', (select coalesce(pg_catalog.jsonb_agg(distinct ${id("d.refobjid")}), '[]') from pg_catalog.pg_depend d
                              where d.classid = 'pg_policy'::regclass and d.objid = p.oid and d.refclassid = 'pg_class'::regclass and d.refobjid <> c.oid))), '[]')
              from pg_catalog.pg_policy p where p.polrelid = c.oid and p.polname in ('watertight_floor', 'watertight_schema_floor')),
  'ofKit', exists (select from pg_catalog.pg_policy p where p.polrelid = c.oid and p.polname in ('watertight_floor', 'watertight_all', 'watertight_schema_floor', 'watertight_schema_rows'))) as facts
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where c.relkind in ('r', 'p', 'm', 'f') and not c.relispartition and n.nspname not in ('pg_catalog', 'information_schema', 'watertight') and n.nspname !~ '^pg_(toast|temp)'
   -- schemas of other tenants: their floor names one tenant each, and their names are nobody else's business
   and (n.nspname = $1 or not exists (select from pg_catalog.pg_policy p join pg_catalog.pg_class o on o.oid = p.polrelid
                                       where o.relnamespace = n.oid and p.polname = 'watertight_schema_floor'))
 order by n.nspname, c.relname`;
