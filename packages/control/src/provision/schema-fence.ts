/**
 * SQL that closes what is new in the schema of one tenant: policies that name the tenant on every table, rights for the place's two logins. The same
 * that provisioning gives a schema, as one statement for the transaction that made the tables. Must never touch the ledger of migrations.
 */
import { quoteText } from "@watertight/schema";
import { doBlock } from "../db/do-block.ts";
import { ledgerTable } from "../migrations/target.ts";

/** Whose schema it is, and who works in it. */
export interface SchemaFence {
  readonly schema: string;
  readonly tenant: string;
  readonly rwRole: string;
  readonly roRole: string;
}

/** The statement. Tables that carry the floor are left alone, and views and sequences that the login can read. */
export function closeSchema({ schema, tenant, rwRole, roRole }: SchemaFence): string {
  const mine = `((select watertight.tenant_id()) = ${quoteText(tenant)})`;
  const policy = (name: string, kind: string): string =>
    `execute pg_catalog.format('create policy ${name} on %s as ${kind} for all to public using %s with check %s', r.name, mine, mine);`;
  return doBlock(`declare r record; mine constant text := ${quoteText(mine)}; rw constant text := ${quoteText(rwRole)}; ro constant text := ${quoteText(roRole)}; begin
  for r in select pg_catalog.format('%I.%I', n.nspname, c.relname) as name, c.relkind as kind
      from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where n.nspname = ${quoteText(schema)} and c.relkind in ('r', 'p', 'v', 'S') and c.relname <> ${quoteText(ledgerTable)}
       and case when c.relkind in ('r', 'p') then not exists (select from pg_catalog.pg_policy p where p.polrelid = c.oid and p.polname = 'watertight_schema_floor')
                else not pg_catalog.has_table_privilege(rw, c.oid, 'select') end
     order by c.oid
  loop
    if r.kind in ('r', 'p') then
      execute pg_catalog.format('alter table %s enable row level security', r.name);
      execute pg_catalog.format('alter table %s force row level security', r.name);
      ${policy("watertight_schema_floor", "restrictive")}
      ${policy("watertight_schema_rows", "permissive")}
    end if;
    if r.kind = 'S' then
      execute pg_catalog.format('grant usage, select on sequence %s to %I', r.name, rw);
    else
      execute pg_catalog.format('grant select, insert, update, delete on %s to %I', r.name, rw);
      execute pg_catalog.format('grant select on %s to %I', r.name, ro);
    end if;
  end loop; end`);
}
