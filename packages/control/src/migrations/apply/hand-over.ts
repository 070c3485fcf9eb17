/**
 * Two things that the migrator's transaction does around its statements: what it made goes to the kit's owner role, and where the migrator is
 * bound by row security, FORCE is lifted from the tables it works on and restored before the commit, so that no other session sees them without
 * it (E8, A14). SQL texts; must never touch an object that was there before.
 */
import { quoteName, quoteText } from "@watertight/schema";
import type { StepStatement } from "../release/steps.ts";
import { doBlock } from "../../db/do-block.ts";
import { closeSchema } from "../../provision/schema-fence.ts";
import type { Target } from "../target.ts";
import type { Speaker } from "./connection.ts";

const fresh = (column: string): string =>
  `pg_catalog.age(${column}) <= pg_catalog.age(pg_catalog.pg_current_xact_id()::xid)`;

/** Owned by us since this transaction; a bootstrap superuser's objects are not in pg_shdepend, so for a superuser the statements name them. */
function ours(statements: readonly StepStatement[], { superuser }: Speaker): string {
  if (!superuser)
    return `select d.classid, d.objid from pg_catalog.pg_shdepend d
      where d.dbid = (select b.oid from pg_catalog.pg_database b where b.datname = pg_catalog.current_database()) and d.deptype = 'o'
        and d.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass and d.refobjid = me and ${fresh("d.xmin")}`;
  const names = [...new Set(statements.map(({ creates }) => creates))].filter((name) => name !== "" && name !== "*");
  const list = names.map(quoteText).join(", ");
  const part = (catalog: string, prefix: string): string =>
    `select 'pg_catalog.${catalog}'::pg_catalog.regclass::oid as classid, x.oid as objid from pg_catalog.${catalog} x
      where x.${prefix}name in (${list}) and x.${prefix}owner = me and ${fresh("x.xmin")}`;
  return [part("pg_class", "rel"), part("pg_proc", "pro"), part("pg_type", "typ"), part("pg_namespace", "nsp")].join(
    " union all ",
  );
}

/** Gives what these statements made to the kit's owner role. */
export function handOver(statements: readonly StepStatement[], speaker: Speaker): string[] {
  const makes = statements.some(({ creates }) => creates !== "" && (creates !== "*" || !speaker.superuser));
  if (!makes || speaker.user === speaker.owner) return [];
  return [
    `do $watertight$ declare command text; me oid := (select r.oid from pg_catalog.pg_roles r where r.rolname = current_user); begin
  for command in
    select case o.classid
        when 'pg_catalog.pg_class'::pg_catalog.regclass then pg_catalog.format('alter %s %s',
          case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'S' then 'sequence' when 'f' then 'foreign table' when 'c' then 'type' else 'table' end, o.objid::pg_catalog.regclass)
        when 'pg_catalog.pg_proc'::pg_catalog.regclass then pg_catalog.format('alter routine %s', o.objid::pg_catalog.regprocedure)
        when 'pg_catalog.pg_type'::pg_catalog.regclass then pg_catalog.format('alter type %s', o.objid::pg_catalog.regtype)
        when 'pg_catalog.pg_namespace'::pg_catalog.regclass then pg_catalog.format('alter schema %s', o.objid::pg_catalog.regnamespace) end
      from (${ours(statements, speaker)}) o
      left join pg_catalog.pg_class c on o.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and c.oid = o.objid
      left join pg_catalog.pg_type t on o.classid = 'pg_catalog.pg_type'::pg_catalog.regclass and t.oid = o.objid
      left join pg_catalog.pg_class row on row.oid = t.typrelid
     where (c.oid is null or (c.relkind in ('r', 'p', 'v', 'm', 'f', 'c', 'S') and c.relpersistence <> 't'
              -- a sequence follows the column that owns it
              and not (c.relkind = 'S' and exists (select from pg_catalog.pg_depend p where p.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and p.objid = c.oid and p.deptype in ('a', 'i')))))
       and (t.oid is null or (coalesce(row.relkind, 'c') = 'c' and t.typcategory <> 'A'))
     order by o.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass desc
  loop
    if command is not null then execute command || ${quoteText(` owner to ${quoteName(speaker.owner)}`)}; end if;
  end loop; end $watertight$`,
  ];
}

/** Whether FORCE must be lifted for these statements to see rows. */
export function isBlind(statements: readonly StepStatement[], { bypasses }: Speaker): boolean {
  return !bypasses && statements.some(({ rows }) => rows);
}

/** Lifts FORCE from the protected tables that the statements name; more tables than needed cost a lock, fewer would lose rows. */
export function liftForce(statements: readonly StepStatement[], target: Target): string[] {
  const text = statements.map((each) => each.text).join("\n");
  return [
    `select pg_catalog.set_config('watertight.step', ${quoteText(text)}, true), pg_catalog.set_config('watertight.lifted', '', true)`,
    doBlock(`declare relation pg_catalog.regclass; begin
  for relation in
    with named as (select p.relation from watertight.protected p join pg_catalog.pg_class c on c.oid = p.relation
                    where pg_catalog.strpos(pg_catalog.lower(pg_catalog.current_setting('watertight.step')), pg_catalog.lower(c.relname)) > 0${schemaTables(target)}),
         parts as (select n.relation from named n union select t.relid from named n, pg_catalog.pg_partition_tree(n.relation) t)
    select c.oid from parts p join pg_catalog.pg_class c on c.oid = p.relation where c.relforcerowsecurity order by c.oid
  loop
    execute pg_catalog.format('alter table %s no force row level security', relation);
    perform pg_catalog.set_config('watertight.lifted', pg_catalog.current_setting('watertight.lifted') || ' ' || relation::oid, true);
  end loop; end`),
  ];
}

/** Tables of a tenant's own schema are under policies of provisioning, not of the kit. */
function schemaTables({ place, schema }: Target): string {
  if (place === undefined || schema === undefined) return "";
  return `
                   union select c.oid from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
                    where n.nspname = ${quoteText(schema)} and c.relkind in ('r', 'p')
                      and pg_catalog.strpos(pg_catalog.lower(pg_catalog.current_setting('watertight.step')), pg_catalog.lower(c.relname)) > 0`;
}

/** Closes what these statements made in a tenant's own schema, as provisioning closes a new one. */
export function closeNew(statements: readonly StepStatement[], { place, schema, tenants, id }: Target): string[] {
  // whatever they are: one that makes nothing may still open what is there
  if (place === undefined || schema === undefined || statements.length === 0) return [];
  return [closeSchema({ ...place, schema, tenant: tenants?.[0] ?? id })];
}

/** Restores it. */
export const restoreForce: string = `do $watertight$ declare relation pg_catalog.regclass; begin
  for relation in select c.oid from pg_catalog.unnest(pg_catalog.string_to_array(pg_catalog.btrim(pg_catalog.current_setting('watertight.lifted')), ' ')) o
                    join pg_catalog.pg_class c on c.oid = o::oid order by c.oid
  loop
    execute pg_catalog.format('alter table %s force row level security', relation);
  end loop; end $watertight$`;
