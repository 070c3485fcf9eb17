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

/** The statement. Tables that are closed as provisioning closes them are left alone, and views and sequences that the login can read. */
export function closeSchema({ schema, tenant, rwRole, roRole }: SchemaFence): string {
  const mine = `((select watertight.tenant_id()) = ${quoteText(tenant)})`;
  // as the server prints it; where it prints it otherwise, the policy is made again and is the same
  const printed = `(( SELECT watertight.tenant_id() AS tenant_id) = ${quoteText(tenant)}::text)`;
  const policy = (name: string, kind: string): string =>
    `execute pg_catalog.format('create policy ${name} on %s as ${kind} for all to public using %s with check %s', r.name, mine, mine);`;
  return doBlock(`declare r record; mine constant text := ${quoteText(mine)}; rw constant text := ${quoteText(rwRole)}; ro constant text := ${quoteText(roRole)}; begin
  for r in select x.* from (
    select c.oid, pg_catalog.format('%I.%I', n.nspname, c.relname) as name, c.relkind as kind, c.relrowsecurity as secured, c.relforcerowsecurity as forced,
           pg_catalog.has_table_privilege(rw, c.oid, 'select') as given,
           exists (select from pg_catalog.pg_policy p where p.polrelid = c.oid and p.polname = 'watertight_schema_floor' and not p.polpermissive and p.polcmd = '*'
                    and p.polroles = '{0}' and pg_catalog.pg_get_expr(p.polqual, c.oid) = ${quoteText(printed)} and pg_catalog.pg_get_expr(p.polwithcheck, c.oid) = ${quoteText(printed)}) as floor,
           exists (select from pg_catalog.pg_policy p where p.polrelid = c.oid and p.polname = 'watertight_schema_floor') as known
      from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where n.nspname = ${quoteText(schema)} and c.relkind in ('r', 'p', 'v', 'S') and c.relname <> ${quoteText(ledgerTable)}) x
    where case when x.kind in ('r', 'p') then not (x.secured and x.forced and x.floor) else not x.given end
    order by x.oid
  loop
    if r.kind in ('r', 'p') then
      if not r.secured then execute pg_catalog.format('alter table %s enable row level security', r.name); end if;
      if not r.forced then execute pg_catalog.format('alter table %s force row level security', r.name); end if;
      if not r.floor then
        -- one that bears the name and is not it: a file wrote it
        execute pg_catalog.format('drop policy if exists watertight_schema_floor on %s', r.name);
        execute pg_catalog.format('drop policy if exists watertight_schema_rows on %s', r.name);
        ${policy("watertight_schema_floor", "restrictive")}
        ${policy("watertight_schema_rows", "permissive")}
      end if;
    end if;
    -- a table that was closed before has the rights that it was given, or that were taken from it
    continue when r.kind in ('r', 'p') and r.known and r.given;
    if r.kind = 'S' then
      execute pg_catalog.format('grant usage, select on sequence %s to %I', r.name, rw);
    else
      execute pg_catalog.format('grant select, insert, update, delete on %s to %I', r.name, rw);
      execute pg_catalog.format('grant select on %s to %I', r.name, ro);
    end if;
  end loop; end`);
}
