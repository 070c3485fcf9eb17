/**
 * Ways past the protected tables of a database that was there before us, which the intrusion test does not go: it attacks tables, as the application's
 * role. Reads the catalog of the server and of the kit only. Must never call a way harmless because nobody has used it yet.
 */
import { quoteName, type Queryable } from "@watertight/schema";

/** A role may act as these: SET ROLE, or their rights come along. */
const becomes = (role: string, other: string): string =>
  `(pg_catalog.pg_has_role(${role}, ${other}, 'usage') or pg_catalog.pg_has_role(${role}, ${other}, case when pg_catalog.current_setting('server_version_num')::int >= 160000 then 'set' else 'member' end))`;

const users = `users as (select r.oid, r.rolname as name from pg_catalog.pg_roles r where r.rolname = any ($1) and not r.rolsuper)`;

const throughRoles = `with ${users}
select u.name as "user", r.rolname as role, pg_catalog.min(p.relation::pg_catalog.regclass::text) as "table"
  from users u join pg_catalog.pg_roles r on r.oid <> u.oid and ${becomes("u.oid", "r.oid")}
  left join watertight.protected p on (select c.relowner from pg_catalog.pg_class c where c.oid = p.relation) = r.oid
 where r.rolname <> $2 and (r.rolsuper or r.rolbypassrls or r.rolcreaterole or r.rolcreatedb or r.rolreplication or p.relation is not null
    or r.rolname in ('pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program'))
 group by 1, 2 order by 1, 2`;

// A view reads as its owner; what it says of other views it reads as the same one.
const throughRelations = `with recursive ${users},
  reads(view, relation) as (
    select w.ev_class, d.refobjid from pg_catalog.pg_rewrite w
      join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and d.objid = w.oid
       and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.refobjid <> w.ev_class
    union select r.view, d.refobjid from reads r join pg_catalog.pg_rewrite w on w.ev_class = r.relation
      join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and d.objid = w.oid
       and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.refobjid <> w.ev_class),
  -- where it alone tells rows apart, as in the table of the tenants themselves, its name says nothing of other tables
  tenant(name) as (
    select distinct p.tenant_column::text from watertight.protected p where p.tenant_column is not null and not exists (
      select from pg_catalog.pg_index i join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
       where i.indrelid = p.relation and i.indisunique and i.indnkeyatts = 1 and a.attname::text = p.tenant_column::text))
select pg_catalog.format('%I.%I', n.nspname, c.relname) as name, c.relkind as kind
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace join pg_catalog.pg_roles o on o.oid = c.relowner
 where n.nspname not in ('pg_catalog', 'information_schema', 'watertight') and n.nspname !~ '^pg_' and not c.relispartition
   and exists (select from users u where pg_catalog.has_any_column_privilege(u.oid, c.oid, 'select, insert, update') or pg_catalog.has_table_privilege(u.oid, c.oid, 'delete'))
   and case
     when c.relkind in ('v', 'm') then exists (select from reads r join watertight.protected p on p.relation = r.relation where r.view = c.oid)
       and (c.relkind = 'm' or (o.rolsuper or o.rolbypassrls) and not coalesce('security_invoker=true' = any (c.reloptions) or 'security_invoker=on' = any (c.reloptions), false))
     when c.relkind in ('r', 'p', 'f') then not exists (select from watertight.protected p where p.relation = c.oid)
       and exists (select from pg_catalog.pg_attribute a join tenant t on t.name = a.attname::text where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped)
     else false end
 order by 1`;

/**
 * What is open past the tables, each with the statement that closes it.
 * @param roles the application's
 * @param owner of the kit; whether the roles can become that one is asked elsewhere
 */
export async function waysPast(session: Queryable, roles: readonly string[], owner: string): Promise<string[]> {
  const { rows: become } = await session.query(throughRoles, [roles, owner]);
  const { rows: relations } = await session.query(throughRelations, [roles]);
  return [
    ...become.map(({ user, role, table }) => {
      const [from, to] = [quoteName(user as string), quoteName(role as string)];
      const why = table === null ? "which may do more than an application" : `which owns ${table as string}`;
      return `${from} can become ${to}, ${why}: revoke ${to} from ${from}`;
    }),
    ...relations.map(({ name, kind }) => {
      if (kind === "v")
        return `${name} reads protected tables as a role that row security does not bind: alter view ${name} set (security_invoker = true)`;
      if (kind === "m")
        return `${name} holds rows of protected tables of all tenants: revoke all on ${name} from ${list(roles)}`;
      if (kind === "f") return `${name} is a foreign table of all tenants: revoke all on ${name} from ${list(roles)}`;
      return `${name} has the tenant's column and no protection: watertight kit protect ${name}`;
    }),
  ];
}

const list = (roles: readonly string[]): string => roles.map(quoteName).join(", ");
