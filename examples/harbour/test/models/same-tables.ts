/** The columns of the shared tables and of a tenant's schema, to be compared. */
import type pg from "pg";

export async function sameTables(client: pg.Client, schema: string): Promise<{ shared: string[]; own: string[] }> {
  const { rows } = await client.query<{ shared: string[]; own: string[] }>(
    `with columns as (
       select n.nspname as schema, c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || case when a.attnotnull then ' not null' else '' end as text
         from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
        where n.nspname in ('harbour', $1) and c.relkind in ('r', 'p', 'v', 'm') and a.attnum > 0 and a.attname <> 'tenant_id')
     select array_agg(text order by text) filter (where schema = 'harbour') as shared, array_agg(text order by text) filter (where schema = $1) as own from columns`,
    [schema],
  );
  return rows[0]!;
}
