/**
 * What a copy has of its own and no fingerprint of the template can hold: the database's rights and settings, its logins, who is a member of whom.
 * It must be what the steps before have made, and not one right more.
 */
import type { Queryable } from "@watertight/schema";
import { placeRoles } from "../names.ts";

const sql = `with
  db as (select d.* from pg_catalog.pg_database d where d.datname = pg_catalog.current_database()),
  me as (select r.oid from pg_catalog.pg_roles r where r.rolname = current_user),
  wanted(name, login, config, may) as (values
    ($1::text, false, null::text[], array[]::text[]),
    ($2::text, true, null::text[], array[$1::text, $4::text]),
    ($3::text, true, array['default_transaction_read_only=on'], array[$1::text, $5::text])),
  role as (select w.*, r.oid, r.rolcanlogin, r.rolconfig, r.rolsuper or r.rolcreatedb or r.rolcreaterole or r.rolreplication or r.rolbypassrls as strong
             from wanted w left join pg_catalog.pg_roles r on r.rolname = w.name)
select pg_catalog.format('role %s is not as it was made', role.name) as wrong from role
 where role.oid is null or role.strong or role.rolcanlogin <> role.login or role.rolconfig is distinct from role.config
union all
select pg_catalog.format('%s is a member of %s', role.name, pg_catalog.pg_get_userbyid(m.roleid)) from role join pg_catalog.pg_auth_members m on m.member = role.oid
 where pg_catalog.pg_get_userbyid(m.roleid)::text <> all (role.may) or m.admin_option
union all
select pg_catalog.format('%s is not a member of %s', role.name, n.name) from role, pg_catalog.unnest(role.may) n(name)
 where not exists (select from pg_catalog.pg_auth_members m join pg_catalog.pg_roles g on g.oid = m.roleid where m.member = role.oid and g.rolname = n.name)
union all
select pg_catalog.format('%s is a member of %s', pg_catalog.pg_get_userbyid(m.member), role.name) from role join pg_catalog.pg_auth_members m on m.roleid = role.oid
 where m.member not in (select oid from me) and pg_catalog.pg_get_userbyid(m.member)::text <> all (case when role.name = $1 then array[$2::text, $3::text] else array[]::text[] end)
union all
select 'the database belongs to ' || pg_catalog.pg_get_userbyid(db.datdba) from db where db.datdba not in (select oid from me)
union all
select 'everybody who may create databases may copy the database' from db where db.datistemplate
union all
select pg_catalog.format('%s has %s on parameter %s', role.name, a.privilege_type, p.parname) from role, pg_catalog.pg_parameter_acl p, pg_catalog.aclexplode(p.paracl) a where a.grantee = role.oid
union all
select pg_catalog.format('%s has %s on the database', case a.grantee when 0 then 'everybody' else pg_catalog.pg_get_userbyid(a.grantee) end, a.privilege_type)
  from db, pg_catalog.aclexplode(coalesce(db.datacl, pg_catalog.acldefault('d', db.datdba))) a
 where a.grantee <> db.datdba and (a.privilege_type <> 'CONNECT' or a.is_grantable or a.grantee is distinct from (select role.oid from role where role.name = $1))
union all
select pg_catalog.format('a setting of %s in the database', pg_catalog.pg_get_userbyid(s.setrole)) from db join pg_catalog.pg_db_role_setting s on s.setdatabase = db.oid where s.setrole <> 0
union all
select 'the settings of the database are not those of its template' from db
 where (select pg_catalog.array_agg(c order by c) from pg_catalog.pg_db_role_setting s, pg_catalog.unnest(s.setconfig) c where s.setdatabase = db.oid and s.setrole = 0) is distinct from
       (select pg_catalog.array_agg(c order by c) from pg_catalog.pg_db_role_setting s join pg_catalog.pg_database t on t.oid = s.setdatabase, pg_catalog.unnest(s.setconfig) c
         where t.datname = $6 and s.setrole = 0)`;

/** What is not as it should be, for people; asked inside the database. */
export async function wrongRights(
  session: Queryable,
  database: string,
  classes: { readonly app: string; readonly readonly: string },
  template: string,
): Promise<string[]> {
  const { group, rw, ro } = placeRoles(database);
  const { rows } = await session.query(sql, [group, rw, ro, classes.app, classes.readonly, template]);
  return rows.map((row) => row["wrong"] as string);
}
