/**
 * What decides who may do what in a database, as rows (aspect, object, body), read from the catalogs as they are stored. A copy has its template's
 * own object ids, so that equal rows are equal rights and nothing has to be rendered. Must never leave out what can open a table: a new kind of
 * object that can is a new aspect here, with an alteration of it in test/provision/fingerprint-gaps.db.test.ts.
 */

/** Object ids from here on are not the server's own. */
const own = 16384;

const inSchema = (relation: string): string =>
  `(select n.nspname || '.' || c.relname from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.oid = ${relation})`;

const aspects: readonly string[] = [
  // rows of system relations, too, where their rights are not the built-in ones; neither statistics nor what a vacuum writes
  `select 'table', c.oid::text, (c.relname, c.relnamespace, c.relowner, c.relkind, c.relpersistence, c.relrowsecurity, c.relforcerowsecurity, c.relispartition, c.reloptions,
          c.relacl, c.relpartbound)::text
     from pg_catalog.pg_class c where (c.oid >= ${own} and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')) or c.relacl is not null`,
  `select 'column', a.attrelid::text || '.' || a.attnum, (a.attname, a.atttypid, a.attnotnull, a.attisdropped, a.attidentity, a.attgenerated, a.attacl)::text
     from pg_catalog.pg_attribute a where a.attnum > 0 and (a.attacl is not null or a.attrelid in (select c.oid from pg_catalog.pg_class c where c.oid >= ${own} and c.relkind in ('r', 'p', 'v', 'm', 'f')))`,
  `select 'policy', p.polrelid::text || '.' || p.polname, p::text from pg_catalog.pg_policy p`,
  `select 'function', p.oid::text, p::text from pg_catalog.pg_proc p where p.oid >= ${own} or p.proacl is not null or p.proleakproof`,
  `select 'schema', n.oid::text, (n.nspname, n.nspowner, n.nspacl)::text from pg_catalog.pg_namespace n where n.nspname !~ '^pg_(toast_)?temp_'`,
  `select 'view', r.ev_class::text || '.' || r.rulename, r::text from pg_catalog.pg_rewrite r where r.oid >= ${own}`,
  `select 'trigger', t.tgrelid::text || '.' || t.oid, t::text from pg_catalog.pg_trigger t`,
  `select 'default', d.adrelid::text || '.' || d.adnum, d::text from pg_catalog.pg_attrdef d`,
  `select 'constraint', c.conrelid::text || '.' || c.conname || '.' || c.oid,
          (c.contype, c.condeferrable, c.convalidated, c.confrelid, c.conkey, c.confkey, c.confupdtype, c.confdeltype, c.conbin)::text from pg_catalog.pg_constraint c where c.oid >= ${own}`,
  `select 'index', i.indexrelid::text,
          (i.indrelid, i.indisunique, i.indisexclusion, i.indkey::text, i.indclass::text, i.indcollation::text, i.indexprs, i.indpred)::text
     from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indrelid where i.indexrelid >= ${own} and c.relkind in ('r', 'p', 'm')`,
  `select 'inheritance', i.inhrelid::text, i::text from pg_catalog.pg_inherits i`,
  `select 'default privileges', d.oid::text, d::text from pg_catalog.pg_default_acl d`,
  `select 'type', y.oid::text, (y.typname, y.typnamespace, y.typowner, y.typacl, y.typdefaultbin)::text from pg_catalog.pg_type y where (y.oid >= ${own} and y.typtype in ('d', 'e', 'r'))
      or y.typacl is not null`,
  `select 'language', l.oid::text, l::text from pg_catalog.pg_language l`,
  `select 'extension', e.oid::text, (e.extname, e.extowner, e.extversion)::text from pg_catalog.pg_extension e`,
  `select 'event trigger', e.oid::text, e::text from pg_catalog.pg_event_trigger e`,
  `select 'cast', c.oid::text, c::text from pg_catalog.pg_cast c where c.oid >= ${own}`,
  `select 'operator', o.oid::text, o::text from pg_catalog.pg_operator o where o.oid >= ${own}`,
  `select 'foreign server', f.oid::text, (f.srvname, f.srvowner, f.srvfdw, f.srvacl, f.srvoptions)::text from pg_catalog.pg_foreign_server f`,
  `select 'foreign data wrapper', f.oid::text, f::text from pg_catalog.pg_foreign_data_wrapper f`,
  `select 'foreign table', f.ftrelid::oid::text, f::text from pg_catalog.pg_foreign_table f`,
  `select 'user mapping', u.umid::text, (u.srvid, u.umuser, u.umoptions)::text from pg_catalog.pg_user_mappings u`,
  `select 'publication', p.oid::text, p::text from pg_catalog.pg_publication p`,
  `select 'publication', p.prrelid::text, p::text from pg_catalog.pg_publication_rel p`,
  `select 'publication', p.pnnspid::text, p::text from pg_catalog.pg_publication_namespace p`,
  // the other columns are not everybody's to read
  `select 'subscription', s.oid::text, (s.subname, s.subowner, s.subenabled, s.subpublications)::text from pg_catalog.pg_subscription s
    where s.subdbid = (select b.oid from pg_catalog.pg_database b where b.datname = pg_catalog.current_database())`,
  `select 'large object', l.oid::text, l::text from pg_catalog.pg_largeobject_metadata l`,
  `select 'kit', 'protected ' || p.relation::oid, p::text from watertight.protected p`,
  `select 'kit', 'setting ' || s.name, s::text from watertight.setting s`,
  `select 'role', r.rolname::text, (r.oid, r.rolsuper, r.rolinherit, r.rolcreaterole, r.rolcreatedb, r.rolcanlogin, r.rolreplication, r.rolbypassrls, r.rolconfig)::text
     from pg_catalog.pg_roles r join up on up.role = r.oid`,
  // of the whole server, and whoever may set one may switch triggers off
  `select 'parameter', p.parname, (a.grantee, a.privilege_type, a.is_grantable)::text from pg_catalog.pg_parameter_acl p, pg_catalog.aclexplode(p.paracl) a
    where a.grantee = 0 or a.grantee in (select up.role from up)`,
  `select 'membership', pg_catalog.pg_get_userbyid(m.member) || ' in ' || pg_catalog.pg_get_userbyid(m.roleid), (pg_catalog.to_jsonb(m) - 'oid')::text
     from pg_catalog.pg_auth_members m join up on up.role = m.member`,
  // who else is in a role that holds a right here. The two that tenants' logins are members of change with each tenant; nobody of them
  // gets in without CONNECT, which place-rights.ts looks after
  `select 'membership', pg_catalog.pg_get_userbyid(m.member) || ' in ' || pg_catalog.pg_get_userbyid(m.roleid), (pg_catalog.to_jsonb(m) - 'oid')::text
     from pg_catalog.pg_auth_members m join holder h on h.role = m.roleid
    where pg_catalog.pg_get_userbyid(m.roleid) not in (select s.value from watertight.setting s where s.name in ('app', 'readonly'))`,
];

// Everybody who owns something here or is named in a right or policy, and whatever they are members of.
const rows = `with recursive holder(role) as materialized (
    select distinct d.refobjid from pg_catalog.pg_shdepend d
     where d.dbid = (select b.oid from pg_catalog.pg_database b where b.datname = pg_catalog.current_database()) and d.refclassid = 'pg_catalog.pg_authid'::regclass),
  up(role) as (select h.role from holder h union select m.roleid from up join pg_catalog.pg_auth_members m on m.member = up.role),
  found(aspect, object, body) as materialized (${aspects.join("\nunion all\n")})`;

const hash = (text: string): string =>
  `pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(${text}, 'UTF8')), 'hex')`;

/** One row an aspect: name, hash over its objects. */
export const fingerprintSql: string = `${rows}
select f.aspect, ${hash("pg_catalog.string_agg(f.object || E'\\x1f' || f.body, E'\\x1e' order by f.object collate \"C\", f.body collate \"C\")")} as hash from found f group by 1`;

/** One row an object: aspect, object, hash. */
export const objectsSql: string = `${rows}
select f.aspect, f.object, ${hash("pg_catalog.string_agg(f.body, E'\\x1e' order by f.body collate \"C\")")} as hash from found f group by 1, 2`;

/** Names of objects that are told by their relation's id, for people. */
export const relationNamesSql: string = `select x.id::text as id, coalesce(${inSchema("x.id::oid")}, (select p.proname::text from pg_catalog.pg_proc p where p.oid = x.id::oid),
  (select n.nspname::text from pg_catalog.pg_namespace n where n.oid = x.id::oid)) as name from pg_catalog.unnest($1::text[]) x(id)`;
