// The state of a database that the kit could change, and what became different since: uninstall must give back everything exactly.
import { diffSnapshots, type Queryable, readSnapshot, type Snapshot } from "@watertight/schema";

/** The user's objects, and the rights on PostgreSQL's own, which a snapshot leaves out and the kit hardens. */
export interface CatalogDump {
  readonly snapshot: Snapshot;
  readonly systemRights: readonly string[];
}

const acl = (list: string, kind: string, owner: string): string =>
  `(select string_agg(coalesce(g.rolname, 'PUBLIC') || '=' || a.privilege_type || a.is_grantable, ',' order by g.rolname, a.privilege_type)
      from aclexplode(coalesce(${list}, acldefault('${kind}', ${owner}))) a left join pg_roles g on g.oid = a.grantee)`;

const systemRights = `
  select 'catalog function ' || p.oid::regprocedure || ' acl ' || ${acl("p.proacl", "f", "p.proowner")} as line
    from pg_proc p where p.pronamespace = 'pg_catalog'::regnamespace and p.proacl is not null
  union all
  select 'catalog view ' || c.relname || ' acl ' || ${acl("c.relacl", "r", "c.relowner")}
    from pg_class c where c.relnamespace = 'pg_catalog'::regnamespace and c.relkind = 'v'`;

/** The state now. Roles, memberships and other databases are left out: other tests of the server make and drop them. */
export async function catalogDump(db: Queryable): Promise<CatalogDump> {
  const snapshot = await readSnapshot(db);
  const { rows } = await db.query(systemRights);
  // a function whose ACL went from NULL to the same rights written out is the same function
  const lines = rows
    .map((row) => row.line as string)
    .filter(
      (line) =>
        !/^catalog function .* acl PUBLIC=EXECUTEfalse,\w+=EXECUTEfalse$/.test(line) &&
        !/^catalog function .* acl \w+=EXECUTEfalse,PUBLIC=EXECUTEfalse$/.test(line),
    );
  const settings = snapshot.settings.filter(({ database }) => database !== null);
  return {
    snapshot: { ...snapshot, roles: [], memberships: [], otherDatabases: [], settings },
    systemRights: lines.sort(),
  };
}

/** What is different from `before` now, in words. */
export async function changesSince(before: CatalogDump, db: Queryable): Promise<string[]> {
  const after = await catalogDump(db);
  const only = (left: CatalogDump, right: CatalogDump, what: string): string[] =>
    left.systemRights.filter((line) => !right.systemRights.includes(line)).map((line) => `${line}: ${what}`);
  return [
    ...diffSnapshots(before.snapshot, after.snapshot).map(({ text }) => text),
    ...only(before, after, "was"),
    ...only(after, before, "is"),
  ];
}
