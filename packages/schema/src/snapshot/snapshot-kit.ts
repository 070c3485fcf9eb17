/**
 * The kit as the catalog shows it, as lines of text that can be compared: same installation, same lines. With `xmin` the lines also change
 * when a row was merely rewritten. Must never contain a key.
 */
import type { Queryable } from "../db/queryable.ts";

const acl = (list: string, kind: string, owner: string): string =>
  `(select pg_catalog.string_agg(coalesce(g.rolname, 'PUBLIC') || '=' || a.privilege_type || case when a.is_grantable then '*' else '' end, ',' order by g.rolname, a.privilege_type)
      from pg_catalog.aclexplode(coalesce(${list}, pg_catalog.acldefault('${kind}', ${owner}))) a left join pg_catalog.pg_roles g on g.oid = a.grantee)`;

const parts: readonly string[] = [
  `select 'schema ' || n.nspname || ' owner ' || n.nspowner::regrole || ' acl ' || ${acl("n.nspacl", "n", "n.nspowner")}, n.xmin from pg_catalog.pg_namespace n where n.nspname in ('watertight', 'public')`,
  `select 'relation ' || c.relname || ' ' || c.relkind::text || ' owner ' || c.relowner::regrole || ' rls ' || c.relrowsecurity || c.relforcerowsecurity || ' options ' || coalesce(c.reloptions::text, '')
       || ' acl ' || coalesce(case when c.relkind in ('r', 'S', 'v') then ${acl("c.relacl", "r", "c.relowner")} end, '') || ' comment ' || coalesce(pg_catalog.obj_description(c.oid, 'pg_class'), ''), c.xmin
     from pg_catalog.pg_class c where c.relnamespace = 'watertight'::regnamespace`,
  `select 'column ' || c.relname || '.' || a.attnum || ' ' || a.attname || ' ' || pg_catalog.format_type(a.atttypid, a.atttypmod) || ' collation ' || a.attcollation || ' notnull ' || a.attnotnull || a.attidentity::text || a.attgenerated::text
       || ' default ' || coalesce(pg_catalog.pg_get_expr(d.adbin, d.adrelid), '') || ' comment ' || coalesce(pg_catalog.col_description(c.oid, a.attnum), ''), a.xmin
     from pg_catalog.pg_class c join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     left join pg_catalog.pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum where c.relnamespace = 'watertight'::regnamespace and c.relkind in ('r', 'v', 'S')`,
  `select 'constraint ' || c.conrelid::regclass || ' ' || c.conname || ' ' || pg_catalog.pg_get_constraintdef(c.oid), c.xmin from pg_catalog.pg_constraint c where c.connamespace = 'watertight'::regnamespace`,
  `select 'index ' || pg_catalog.pg_get_indexdef(i.indexrelid), i.xmin from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indrelid where c.relnamespace = 'watertight'::regnamespace`,
  `select 'function ' || pg_catalog.pg_get_functiondef(p.oid) || ' owner ' || p.proowner::regrole || ' acl ' || ${acl("p.proacl", "f", "p.proowner")}, p.xmin from pg_catalog.pg_proc p where p.pronamespace = 'watertight'::regnamespace`,
  `select 'trigger ' || pg_catalog.pg_get_triggerdef(t.oid), t.xmin from pg_catalog.pg_trigger t join pg_catalog.pg_class c on c.oid = t.tgrelid where not t.tgisinternal and (c.relnamespace = 'watertight'::regnamespace or t.tgname like 'watertight%')`,
  `select 'policy ' || p.polrelid::regclass || ' ' || p.polname || p.polpermissive || p.polcmd::text || p.polroles::text || coalesce(pg_catalog.pg_get_expr(p.polqual, p.polrelid), '') || coalesce(pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid), ''), p.xmin
     from pg_catalog.pg_policy p`,
  `select 'catalog function ' || p.oid::regprocedure || ' acl ' || ${acl("p.proacl", "f", "p.proowner")}, p.xmin from pg_catalog.pg_proc p where p.pronamespace = 'pg_catalog'::regnamespace and p.proacl is not null`,
  `select 'catalog view ' || c.relname || ' acl ' || ${acl("c.relacl", "r", "c.relowner")}, c.xmin from pg_catalog.pg_class c where c.relnamespace = 'pg_catalog'::regnamespace and c.relkind = 'v'`,
  `select 'database acl ' || ${acl("d.datacl", "d", "d.datdba")}, d.xmin from pg_catalog.pg_database d where d.datname = pg_catalog.current_database()`,
];

const roleParts: readonly string[] = [
  `select 'role ' || r.rolname || ' ' || r.rolsuper || r.rolinherit || r.rolcreaterole || r.rolcreatedb || r.rolcanlogin || r.rolreplication || r.rolbypassrls, null::xid
     from pg_catalog.pg_roles r where r.rolname in (select value from watertight.setting)`,
  `select 'member ' || m.roleid::regrole || ' <- ' || m.member::regrole || m.admin_option, m.xmin from pg_catalog.pg_auth_members m join pg_catalog.pg_roles r on r.oid = m.roleid where r.rolname in (select value from watertight.setting)`,
];

// values that differ from one installation to the next (times, secrets) stay out of the text; xmin tells when they were written
const rowParts: readonly (readonly [table: string, select: string])[] = [
  ["migration", "select 'file ' || number || ' ' || name || ' ' || checksum, xmin from watertight.migration"],
  ["setting", "select 'setting ' || name || ' ' || value, xmin from watertight.setting"],
  ["key", "select 'key ' || state, xmin from watertight.key"],
  ["seal", "select 'seal', xmin from watertight.seal"],
  ["fence", "select 'fence ' || tenant || ' ' || state, xmin from watertight.fence"],
  ["epoch_seen", "select 'epoch ' || value, xmin from watertight.epoch_seen"],
  ["protected", "select 'protected ' || relation || ' ' || mode || ' ' || tenant_sql, xmin from watertight.protected"],
  ["hardening", "select 'hardening ' || object || ' ' || step || ' ' || undo::text, xmin from watertight.hardening"],
];

/**
 * Lines that describe the installed kit, sorted. The caller may read the kit's tables (its owner, or a superuser).
 * @example assert.deepEqual(await snapshotKit(client, { xmin: true }), before);
 */
export async function snapshotKit(db: Queryable, options: { xmin?: boolean } = {}): Promise<string[]> {
  const found = await db.query(
    "select c.relname::text as name from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where n.nspname = 'watertight'",
  );
  const tables = new Set(found.rows.map((row) => row.name as string));
  const queries = [
    ...parts,
    ...(tables.has("setting") ? roleParts : []),
    ...rowParts.flatMap(([table, select]) => (tables.has(table) ? [select] : [])),
  ];
  const { rows } = await db.query(
    queries.map((query) => `select text, xmin::text from (${query}) q(text, xmin)`).join("\nunion all\n"),
  );
  return rows.map((row) => (options.xmin ? `${row.text} @${row.xmin}` : (row.text as string))).sort();
}
