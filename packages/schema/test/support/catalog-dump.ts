// Everything about the application's own tables that the kit could change, as sorted lines: what uninstall must give back exactly.
import type { Queryable } from "@watertight/schema";

const acl = (list: string, kind: string, owner: string): string =>
  `(select string_agg(coalesce(g.rolname, 'PUBLIC') || '=' || a.privilege_type || a.is_grantable, ',' order by g.rolname, a.privilege_type)
      from aclexplode(${kind === "" ? list : `coalesce(${list}, acldefault('${kind}', ${owner}))`}) a left join pg_roles g on g.oid = a.grantee)`;

const outside = "n.nspname not in ('pg_catalog', 'information_schema', 'watertight', 'pg_toast')";

const query = [
  `select 'class ' || n.nspname || '.' || c.relname || ' ' || c.relkind::text || ' owner ' || c.relowner::regrole || ' rls ' || c.relrowsecurity || ' force ' || c.relforcerowsecurity || ' acl '
     || coalesce(case when c.relkind in ('r', 'p', 'v', 'm', 'S') then ${acl("c.relacl", "r", "c.relowner")} end, '') from pg_class c join pg_namespace n on n.oid = c.relnamespace where ${outside} and c.relkind <> 'S'`,
  `select 'sequence ' || n.nspname || '.' || c.relname || ' owner ' || c.relowner::regrole || ' acl ' || coalesce(${acl("c.relacl", "s", "c.relowner")}, '') from pg_class c join pg_namespace n on n.oid = c.relnamespace where ${outside} and c.relkind = 'S'`,
  `select 'column ' || a.attrelid::regclass || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || ' notnull ' || a.attnotnull || ' acl ' || coalesce(${acl("a.attacl", "", "")}, '')
     from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace where ${outside} and a.attnum > 0 and not a.attisdropped`,
  `select 'policy ' || p.polrelid::regclass || ' ' || p.polname || p.polpermissive || p.polcmd::text || p.polroles::text || coalesce(pg_get_expr(p.polqual, p.polrelid), '') || coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '') from pg_policy p`,
  `select 'index ' || pg_get_indexdef(i.indexrelid) || i.indisvalid from pg_index i join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace where ${outside}`,
  `select 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) || convalidated from pg_constraint where conrelid <> 0 and connamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
     and connamespace is distinct from to_regnamespace('watertight')`,
  `select 'trigger ' || pg_get_triggerdef(t.oid) from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace where not t.tgisinternal and ${outside}`,
  `select 'schema ' || n.nspname || ' owner ' || n.nspowner::regrole || ' acl ' || coalesce(${acl("n.nspacl", "n", "n.nspowner")}, '') from pg_namespace n where n.nspname !~ '^pg_(temp|toast)'`,
  `select 'database acl ' || ${acl("d.datacl", "d", "d.datdba")} from pg_database d where d.datname = current_database()`,
  `select 'catalog function ' || p.oid::regprocedure || ' acl ' || ${acl("p.proacl", "f", "p.proowner")} from pg_proc p where p.pronamespace = 'pg_catalog'::regnamespace and p.proacl is not null`,
  `select 'catalog view ' || c.relname || ' acl ' || ${acl("c.relacl", "r", "c.relowner")} from pg_class c where c.relnamespace = 'pg_catalog'::regnamespace and c.relkind = 'v'`,
];

/** The dump. `catalog: false` leaves out what only a superuser's uninstall gives back. */
export async function catalogDump(db: Queryable): Promise<string[]> {
  const { rows } = await db.query(query.map((each) => `select * from (${each}) q(line)`).join(" union all "));
  // a function whose ACL went from NULL to the same rights written out is the same function
  return rows
    .map((row) => row.line as string)
    .filter(
      (line) =>
        !/^catalog function .* acl PUBLIC=EXECUTEfalse,\w+=EXECUTEfalse$/.test(line) &&
        !/^catalog function .* acl \w+=EXECUTEfalse,PUBLIC=EXECUTEfalse$/.test(line),
    )
    .sort();
}
