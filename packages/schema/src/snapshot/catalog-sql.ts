/**
 * The pieces of SQL that all readers of the catalog share. Must never contain a value from outside: schemas to read travel as parameter $1.
 */

/** A part of the snapshot: one query whose columns are named like the fields of `T`. */
export interface Part<T> {
  /** For a person, when it can't be read. */
  readonly what: string;
  /** The query; $1 is the list of schemas to read, or null. `version` is server_version_num. */
  sql(version: number): string;
  /** Never there: carries the type. */
  readonly row?: T;
}

/** Schemas of the user: PostgreSQL reserves the prefix pg_ for its own. Needs pg_namespace as `n`. */
export const inScope =
  "n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and ($1::text[] is null or n.nspname = any ($1::text[]))";

/** A JSON list of rows; [] when there are none. `item` is an expression, `rest` all that follows FROM. */
export function listOf(item: string, rest: string, order: string): string {
  return `coalesce((select pg_catalog.json_agg(${item} order by ${order}) from ${rest}), '[]')`;
}

/** An access control list as {@link Grant}s; `list` must not be null, see {@link grantsOr}. */
export function grants(list: string): string {
  return listOf(
    `pg_catalog.json_build_object('role', case a.grantee when 0 then 'public' else pg_catalog.pg_get_userbyid(a.grantee) end,
       'privilege', a.privilege_type, 'grantor', pg_catalog.pg_get_userbyid(a.grantor), 'grantable', a.is_grantable)`,
    `pg_catalog.aclexplode(${list}) a`,
    "a.grantee <> 0, pg_catalog.pg_get_userbyid(a.grantee), a.privilege_type, pg_catalog.pg_get_userbyid(a.grantor)",
  );
}

/** As {@link grants}, with the built-in default where the catalog holds null. `kind` as acldefault() wants it. */
export function grantsOr(list: string, kind: string, owner: string): string {
  return grants(`coalesce(${list}, pg_catalog.acldefault(${kind}, ${owner}))`);
}

/** {schema, name} of a relation; needs pg_class and pg_namespace under the given aliases. */
export function qualified(relation: string, namespace: string): string {
  return `pg_catalog.json_build_object('schema', ${namespace}.nspname, 'name', ${relation}.relname)`;
}

/**
 * All objects of one catalog with the relations that they depend on, as (objid, list), to be joined: one pass over pg_depend, where a
 * sub-select for each object took ten times as long. `own` is the column of the relation that the object belongs to, which is left out.
 */
export function readsOf(catalog: string, own: string): string {
  return `(select x.objid, pg_catalog.json_agg(pg_catalog.json_build_object('schema', x.nspname, 'name', x.relname) order by x.nspname, x.relname) as list
    from (select distinct d.objid, rn.nspname, rc.relname from pg_catalog.pg_depend d join pg_catalog.${catalog} self on self.oid = d.objid
            join pg_catalog.pg_class rc on rc.oid = d.refobjid and rc.oid <> self.${own} join pg_catalog.pg_namespace rn on rn.oid = rc.relnamespace
           where d.classid = 'pg_catalog.${catalog}'::pg_catalog.regclass and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass) x
   group by x.objid)`;
}

/** All objects of one catalog with the signatures of the functions that they depend on, as (objid, list). PostgreSQL's own are pinned, and never recorded. */
export function callsOf(catalog: string): string {
  return `(select x.objid, pg_catalog.json_agg(x.call order by x.call) as list
    from (select distinct d.objid, d.refobjid::pg_catalog.regprocedure::text collate "C" as call from pg_catalog.pg_depend d
           where d.classid = 'pg_catalog.${catalog}'::pg_catalog.regclass and d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass) x
   group by x.objid)`;
}

/** Name of the extension that the object belongs to, or null. */
export function extensionOf(catalog: string, object: string): string {
  return `(select e.extname from pg_catalog.pg_depend d join pg_catalog.pg_extension e on e.oid = d.refobjid
    where d.classid = 'pg_catalog.${catalog}'::pg_catalog.regclass and d.objid = ${object}
      and d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass and d.deptype = 'e' limit 1)`;
}

/** Names of columns by their numbers, in the order of the numbers; null where an expression stands. */
export function columnNames(relation: string, numbers: string): string {
  return listOf(
    "ka.attname",
    `pg_catalog.unnest(${numbers}) with ordinality keys(number, place)
      left join pg_catalog.pg_attribute ka on ka.attrelid = ${relation} and ka.attnum = keys.number and keys.number <> 0`,
    "keys.place",
  );
}
