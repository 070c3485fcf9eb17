/**
 * Access control lists of tables, columns and functions. Thousands of objects share a few lists, so objects name theirs by its text, and
 * each list is taken apart once.
 */
import { grants, inScope, type Part } from "./catalog-sql.ts";
import type { Grant } from "./snapshot.ts";

/** The list in force of a relation `c` or a function `p`: the built-in default where the catalog holds null. */
export const aclOf = {
  relation: `coalesce(c.relacl, pg_catalog.acldefault(case c.relkind when 'S' then 's'::"char" else 'r'::"char" end, c.relowner))`,
  routine: "coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))",
} as const;

/** Something as it is read: with the text of its list. */
export type Unlisted<T extends { readonly acl: readonly Grant[] }> = Omit<T, "acl"> & { readonly acl: string };

/** Lists by their text. */
export type GrantLists = ReadonlyMap<string, readonly Grant[]>;

/** Each list that there is. */
export const grantsPart: Part<{ readonly key: string; readonly grants: readonly Grant[] }> = {
  what: "privileges of tables, columns and functions",
  sql: () => `
    select u.key, ${grants("u.list")} as grants
      from (select distinct on (l.key) l.key, l.list
              from (select e.list::text as key, e.list
                      from (select ${aclOf.relation} as list from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
                             where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and ${inScope}
                            union all
                            select a.attacl from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
                             where a.attacl is not null and ${inScope}
                            union all
                            select ${aclOf.routine} from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace where ${inScope}) e) l
             order by l.key) u`,
};

/** The list of an object; empty for a column without one. */
export function grantsIn(lists: GrantLists, key: string | null): readonly Grant[] {
  return key === null ? [] : (lists.get(key) ?? []);
}
