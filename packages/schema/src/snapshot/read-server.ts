/**
 * What is true for the whole server or the whole database: version, roles, memberships, settings, other databases.
 */
import { grantsOr, listOf, type Part } from "./catalog-sql.ts";
import type { Membership, Role, RoleSetting, Snapshot } from "./snapshot.ts";

/** Version and database. */
export const databasePart: Part<Pick<Snapshot, "serverVersion" | "database">> = {
  what: "the database",
  sql: () => `
    select pg_catalog.current_setting('server_version') as "serverVersion",
           pg_catalog.json_build_object('name', d.datname, 'owner', pg_catalog.pg_get_userbyid(d.datdba),
             'acl', ${grantsOr("d.datacl", "'d'", "d.datdba")}) as database
      from pg_catalog.pg_database d where d.datname = pg_catalog.current_database()`,
};

/** All roles of the cluster. pg_roles and not pg_authid, which only superusers read. */
export const rolesPart: Part<Role> = {
  what: "roles",
  sql: () => `
    select r.rolname as name, r.rolsuper as superuser, r.rolbypassrls as "bypassRls", r.rolcreaterole as "createRole", r.rolcreatedb as "createDb",
           r.rolreplication as replication, r.rolcanlogin as login, r.rolinherit as inherit,
           r.rolname ~ '^pg_' and r.oid < 16384 as predefined
      from pg_catalog.pg_roles r order by r.rolname`,
};

/**
 * Who is in whom. From 16 on several grantors may each give the same membership with other options: each option holds when one of
 * them gives it, which is how PostgreSQL decides.
 */
export const membershipsPart: Part<Membership> = {
  what: "memberships of roles",
  sql: (version) => `
    select r.rolname as role, m.rolname as member, pg_catalog.bool_or(a.admin_option) as admin,
           ${version >= 160000 ? "pg_catalog.bool_or(a.inherit_option)" : "m.rolinherit"} as inherit,
           ${version >= 160000 ? "pg_catalog.bool_or(a.set_option)" : "true"} as set
      from pg_catalog.pg_auth_members a join pg_catalog.pg_roles r on r.oid = a.roleid join pg_catalog.pg_roles m on m.oid = a.member
     group by r.rolname, m.rolname, m.rolinherit order by r.rolname, m.rolname`,
};

/** ALTER ROLE … SET and ALTER DATABASE … SET, of this database and of all. */
export const roleSettingsPart: Part<RoleSetting> = {
  what: "settings of roles and databases",
  sql: () => `
    select r.rolname as role, d.datname as database, pg_catalog.split_part(c.setting, '=', 1) as name,
           pg_catalog.substr(c.setting, pg_catalog.strpos(c.setting, '=') + 1) as value
      from pg_catalog.pg_db_role_setting s left join pg_catalog.pg_roles r on r.oid = s.setrole left join pg_catalog.pg_database d on d.oid = s.setdatabase
           cross join pg_catalog.unnest(s.setconfig) with ordinality c(setting, place)
     where s.setdatabase = 0 or d.datname = pg_catalog.current_database()
     order by d.datname nulls first, r.rolname nulls first, c.setting collate "C"`,
};

/** The cluster's other databases: their rights show who may connect where (H1). */
export const otherDatabasesPart: Part<Snapshot["otherDatabases"][number]> = {
  what: "other databases",
  sql: () => `
    select d.datname as name, pg_catalog.pg_get_userbyid(d.datdba) as owner, ${grantsOr("d.datacl", "'d'", "d.datdba")} as acl, d.datistemplate as template
      from pg_catalog.pg_database d where d.datname <> pg_catalog.current_database() order by d.datname`,
};

/** Settings that decide about isolation, or about what ends up in logs. */
const settingNames = [
  "createrole_self_grant",
  "default_transaction_isolation",
  "lo_compat_privileges",
  "log_min_duration_statement",
  "log_min_error_statement",
  "log_parameter_max_length",
  "log_parameter_max_length_on_error",
  "log_statement",
  "max_prepared_transactions",
  "password_encryption",
  "row_security",
  "search_path",
  "session_preload_libraries",
  "shared_preload_libraries",
  "ssl",
  "track_activities",
  "wal_level",
] as const;

/** Settings that every server we support has: one that is missing was hidden from us. */
export const hideableSettings: readonly string[] = ["session_preload_libraries", "shared_preload_libraries"];

/** The value outside of our own transaction, where we set search_path for ourselves. */
export const serverSettingsPart: Part<{ readonly name: string; readonly value: string }> = {
  what: "settings of the server",
  sql: () => `
    select s.name, coalesce(s.reset_val, '') as value from pg_catalog.pg_settings s
     where s.name in (${settingNames.map((name) => `'${name}'`).join(", ")}) order by s.name`,
};

/** Large objects by owner. */
export const largeObjectsPart: Part<Snapshot["largeObjects"][number]> = {
  what: "large objects",
  sql: () => `
    select pg_catalog.pg_get_userbyid(l.lomowner) as owner, pg_catalog.count(*) as count,
           pg_catalog.bool_or(exists (select from pg_catalog.aclexplode(l.lomacl) a where a.grantee = 0 and a.privilege_type = 'SELECT')) as "publicReadable"
      from pg_catalog.pg_largeobject_metadata l group by l.lomowner order by 1`,
};

/** Extensions. */
export const extensionsPart: Part<Snapshot["extensions"][number]> = {
  what: "extensions",
  sql: () => `
    select e.extname as name, e.extversion as version, n.nspname as schema
      from pg_catalog.pg_extension e join pg_catalog.pg_namespace n on n.oid = e.extnamespace order by e.extname`,
};

/** Event triggers. */
export const eventTriggersPart: Part<Snapshot["eventTriggers"][number]> = {
  what: "event triggers",
  sql: () => `
    select t.evtname as name, t.evtevent as event, pg_catalog.pg_get_userbyid(t.evtowner) as owner,
           t.evtfoid::pg_catalog.regprocedure::text as calls, t.evtenabled in ('O', 'A') as enabled
      from pg_catalog.pg_event_trigger t order by t.evtname`,
};

/** Foreign servers. The view of the mappings is readable by all, and shows nobody's password. */
export const foreignServersPart: Part<Snapshot["foreignServers"][number]> = {
  what: "foreign servers",
  sql: () => `
    select s.srvname as name, pg_catalog.pg_get_userbyid(s.srvowner) as owner, w.fdwname as wrapper,
           ${listOf("u.usename", "pg_catalog.pg_user_mappings u where u.srvid = s.oid", "u.usename")} as users,
           ${grantsOr("s.srvacl", "'S'", "s.srvowner")} as acl
      from pg_catalog.pg_foreign_server s join pg_catalog.pg_foreign_data_wrapper w on w.oid = s.srvfdw order by s.srvname`,
};

/** Publications with their row filters. */
export const publicationsPart: Part<Snapshot["publications"][number]> = {
  what: "publications",
  sql: () => `
    select p.pubname as name, pg_catalog.pg_get_userbyid(p.pubowner) as owner, p.puballtables as "allTables",
           ${listOf("n.nspname", "pg_catalog.pg_publication_namespace pn join pg_catalog.pg_namespace n on n.oid = pn.pnnspid where pn.pnpubid = p.oid", "n.nspname")} as schemas,
           ${listOf(
             "pg_catalog.json_build_object('schema', n.nspname, 'name', c.relname, 'filter', pg_catalog.pg_get_expr(pr.prqual, pr.prrelid))",
             "pg_catalog.pg_publication_rel pr join pg_catalog.pg_class c on c.oid = pr.prrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace where pr.prpubid = p.oid",
             "n.nspname, c.relname",
           )} as tables
      from pg_catalog.pg_publication p order by p.pubname`,
};
