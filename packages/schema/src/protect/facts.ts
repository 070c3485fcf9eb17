/**
 * What the catalog says about a table: everything that planning needs, read in one query, so that the plan itself is a pure function.
 */
import type { KitTransaction } from "../db/transaction.ts";

/** One entry of an ACL. `grantee` is undefined for PUBLIC. */
export interface Grant {
  readonly grantee: string | null;
  readonly privilege: string;
  readonly grantable: boolean;
}

/** A column. */
export interface Column {
  readonly name: string;
  /** Base type as pg_type.typname says it, domains resolved. */
  readonly type: string;
  readonly notNull: boolean;
  readonly hasDefault: boolean;
  /** False for text under a nondeterministic collation, which makes different ids equal. */
  readonly deterministic: boolean;
  readonly acl: Grant[];
}

/** A policy as the catalog prints it. */
export interface Policy {
  readonly name: string;
  readonly permissive: boolean;
  readonly command: string;
  readonly roles: string[];
  readonly using: string | null;
  readonly check: string | null;
}

/** A foreign key seen from either side. */
export interface ForeignKey {
  readonly name: string;
  readonly schema: string;
  readonly table: string;
  readonly columns: string[];
  readonly refSchema: string;
  readonly refTable: string;
  readonly refColumns: string[];
  readonly onDelete: string;
  readonly onUpdate: string;
  readonly matchFull: boolean;
}

/** An index; `columns` holds null for an expression. */
export interface Index {
  readonly name: string;
  readonly unique: boolean;
  readonly primary: boolean;
  readonly exclusion: boolean;
  readonly partial: boolean;
  readonly valid: boolean;
  readonly columns: (string | null)[];
}

/** A sequence that belongs to a column. */
export interface OwnedSequence {
  readonly schema: string;
  readonly name: string;
  readonly acl: Grant[];
}

/** Something that reads the table with rights of its own. */
export interface Dependent {
  readonly kind: "view" | "materialized view" | "function";
  readonly name: string;
  readonly owner: string;
  /** The owner is a superuser or has BYPASSRLS. */
  readonly ownerBypasses: boolean;
  readonly invoker: boolean;
}

/** A table, partitioned table or partition. */
export interface TableFacts {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** pg_class.relkind: r table, p partitioned table; others cannot be protected. */
  readonly kind: string;
  readonly temporary: boolean;
  readonly extension: string | null;
  readonly owner: string;
  readonly ownerSuperuser: boolean;
  readonly rls: boolean;
  readonly force: boolean;
  readonly acl: Grant[];
  readonly columns: Column[];
  readonly policies: Policy[];
  readonly foreignKeys: ForeignKey[];
  readonly referencedBy: ForeignKey[];
  readonly indexes: Index[];
  readonly sequences: OwnedSequence[];
  readonly dependents: Dependent[];
}

const acl = (list: string, kind: string, owner: string): string => `
  (select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('grantee', g.rolname, 'privilege', a.privilege_type, 'grantable', a.is_grantable)
            order by g.rolname nulls first, a.privilege_type), '[]')
     from pg_catalog.aclexplode(${kind === "" ? list : `coalesce(${list}, pg_catalog.acldefault('${kind}', ${owner}))`}) a left join pg_catalog.pg_roles g on g.oid = a.grantee)`;

const columnNames = (relation: string, keys: string): string => `
  (select pg_catalog.jsonb_agg(a.attname order by k.n) from pg_catalog.unnest(${keys}) with ordinality k(num, n)
     join pg_catalog.pg_attribute a on a.attrelid = ${relation} and a.attnum = k.num)`;

const foreignKeys = (side: string): string => `
  (select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('name', f.conname, 'schema', tn.nspname, 'table', t.relname,
            'columns', ${columnNames("f.conrelid", "f.conkey")}, 'refSchema', rn.nspname, 'refTable', rt.relname, 'refColumns', ${columnNames("f.confrelid", "f.confkey")},
            'onDelete', f.confdeltype, 'onUpdate', f.confupdtype, 'matchFull', f.confmatchtype = 'f') order by tn.nspname, t.relname, f.conname), '[]')
     from pg_catalog.pg_constraint f join pg_catalog.pg_class t on t.oid = f.conrelid join pg_catalog.pg_namespace tn on tn.oid = t.relnamespace
     join pg_catalog.pg_class rt on rt.oid = f.confrelid join pg_catalog.pg_namespace rn on rn.oid = rt.relnamespace
    where f.contype = 'f' and f.conparentid = 0 and f.${side} = c.oid)`;

const factsQuery = `
select pg_catalog.jsonb_build_object(
  'oid', c.oid::bigint, 'schema', n.nspname, 'name', c.relname, 'kind', c.relkind, 'temporary', c.relpersistence = 't',
  'extension', (select e.extname from pg_catalog.pg_depend d join pg_catalog.pg_extension e on e.oid = d.refobjid
                 where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e' and d.refclassid = 'pg_extension'::regclass),
  'owner', o.rolname, 'ownerSuperuser', o.rolsuper, 'rls', c.relrowsecurity, 'force', c.relforcerowsecurity,
  'acl', ${acl("c.relacl", "r", "c.relowner")},
  'columns', (select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('name', a.attname, 'type', coalesce(b.typname, y.typname), 'notNull', a.attnotnull,
                'hasDefault', a.atthasdef, 'deterministic', coalesce(l.collisdeterministic, true), 'acl', ${acl("a.attacl", "", "")}) order by a.attnum), '[]')
                from pg_catalog.pg_attribute a join pg_catalog.pg_type y on y.oid = a.atttypid
                left join pg_catalog.pg_type b on y.typtype = 'd' and b.oid = y.typbasetype
                left join pg_catalog.pg_collation l on l.oid = a.attcollation
               where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
  'policies', (select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('name', p.polname, 'permissive', p.polpermissive, 'command', p.polcmd,
                 'roles', (select pg_catalog.jsonb_agg(coalesce(r.rolname::text, 'public') order by 1) from pg_catalog.unnest(p.polroles) u(oid) left join pg_catalog.pg_roles r on r.oid = u.oid),
                 'using', pg_catalog.pg_get_expr(p.polqual, p.polrelid), 'check', pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)) order by p.polname), '[]')
                 from pg_catalog.pg_policy p where p.polrelid = c.oid),
  'foreignKeys', ${foreignKeys("conrelid")},
  'referencedBy', ${foreignKeys("confrelid")},
  'indexes', (select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('name', ic.relname, 'unique', i.indisunique, 'primary', i.indisprimary,
                'exclusion', i.indisexclusion, 'partial', i.indpred is not null, 'valid', i.indisvalid,
                'columns', (select pg_catalog.jsonb_agg(a.attname order by k.n) from pg_catalog.unnest(i.indkey::int2[]) with ordinality k(num, n)
                              left join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = k.num where k.n <= i.indnkeyatts)) order by ic.relname), '[]')
                from pg_catalog.pg_index i join pg_catalog.pg_class ic on ic.oid = i.indexrelid where i.indrelid = c.oid),
  'sequences', (select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('schema', sn.nspname, 'name', s.relname, 'acl', ${acl("s.relacl", "s", "s.relowner")}) order by s.relname), '[]')
                  from pg_catalog.pg_depend d join pg_catalog.pg_class s on s.oid = d.objid and s.relkind = 'S' join pg_catalog.pg_namespace sn on sn.oid = s.relnamespace
                 where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass and d.refobjid = c.oid and d.deptype in ('a', 'i')),
  'dependents', (select coalesce(pg_catalog.jsonb_agg(distinct pg_catalog.jsonb_build_object('kind', v.kind, 'name', v.name, 'owner', v.owner, 'ownerBypasses', v.bypasses, 'invoker', v.invoker)), '[]')
    from (select case w.relkind when 'm' then 'materialized view' else 'view' end as kind, pg_catalog.format('%I.%I', wn.nspname, w.relname) as name, wo.rolname as owner,
                 wo.rolsuper or wo.rolbypassrls as bypasses, coalesce(w.reloptions && array['security_invoker=true', 'security_invoker=on', 'security_invoker=1', 'security_invoker=yes'], false) as invoker
            from pg_catalog.pg_depend d join pg_catalog.pg_rewrite rw on rw.oid = d.objid join pg_catalog.pg_class w on w.oid = rw.ev_class and w.relkind in ('v', 'm')
            join pg_catalog.pg_namespace wn on wn.oid = w.relnamespace join pg_catalog.pg_roles wo on wo.oid = w.relowner
           where d.classid = 'pg_rewrite'::regclass and d.refclassid = 'pg_class'::regclass and d.refobjid = c.oid
          union
          -- the body is text: a name in it is a hint, not proof; only definers whose owner is above row security are listed
          select 'function', pg_catalog.format('%I.%I(%s)', pn.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)), po.rolname, true, false
            from pg_catalog.pg_proc p join pg_catalog.pg_namespace pn on pn.oid = p.pronamespace join pg_catalog.pg_roles po on po.oid = p.proowner
           where p.prosecdef and (po.rolsuper or po.rolbypassrls) and pn.nspname not in ('pg_catalog', 'information_schema', 'watertight')
             and pg_catalog.strpos(pg_catalog.lower(coalesce(p.prosrc, '') || coalesce(pg_catalog.pg_get_function_sqlbody(p.oid), '')), pg_catalog.lower(c.relname)) > 0) v)) as facts
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace join pg_catalog.pg_roles o on o.oid = c.relowner
 where c.oid = any ($1::bigint[]::oid[]) order by pg_catalog.array_position($1::bigint[], c.oid::bigint)`;

/** Facts of tables by oid, in the order asked. */
export async function readFacts(tx: Pick<KitTransaction, "rows">, oids: readonly number[]): Promise<TableFacts[]> {
  const rows = await tx.rows(factsQuery, [oids]);
  return rows.map((row) => row.facts as TableFacts);
}

/** A table and everything below it: partitions and inheritance children, parents first. */
export async function descendants(tx: Pick<KitTransaction, "rows">, oid: number): Promise<number[]> {
  return (await allDescendants(tx, [oid])).get(oid) ?? [];
}

/** {@link descendants} of many tables in one query: root -> the table and everything below it. */
export async function allDescendants(
  tx: Pick<KitTransaction, "rows">,
  oids: readonly number[],
): Promise<Map<number, number[]>> {
  const rows = await tx.rows(
    `with recursive tree(root, oid, depth) as (select o, o, 0 from pg_catalog.unnest($1::bigint[]::oid[]) o union all select t.root, i.inhrelid, t.depth + 1 from tree t join pg_catalog.pg_inherits i on i.inhparent = t.oid)
     select t.root::bigint as root, t.oid::bigint as oid from tree t group by t.root, t.oid order by t.root, pg_catalog.min(t.depth), t.oid`,
    [oids],
  );
  const trees = new Map<number, number[]>(oids.map((oid) => [oid, []]));
  for (const row of rows) trees.get(Number(row.root))?.push(Number(row.oid));
  return trees;
}
