/** One protected table with rows of two tenants, as SQL: for drivers that do not speak to a server of the testkit. */
export const tenantA = "0a000000-0000-4000-8000-00000000000a";
export const tenantB = "0b000000-0000-4000-8000-00000000000b";
export const unknownTenant = "0c000000-0000-4000-8000-00000000000c";

/** Roles that the table's SQL names. */
export interface NoteRoles {
  readonly owner: string;
  readonly app: string;
  readonly prober: string;
}

/** Table `note`: ids 1 to 20 are A's, 21 to 40 B's; row 7 of each tenant's own has the body that its id says. */
export function noteTableSql({ owner, app, prober }: NoteRoles): string {
  return `
    create table note (tenant_id uuid not null, id int primary key, body text not null);
    insert into note select '${tenantA}', i, 'a' || i from generate_series(1, 20) i;
    insert into note select '${tenantB}', i, 'b' || i from generate_series(21, 40) i;
    alter table note owner to "${owner}";
    alter table note enable row level security;
    alter table note force row level security;
    create policy floor on note as restrictive using (tenant_id = (select watertight.tenant_id()::uuid));
    create policy tenant on note using (true);
    grant select, insert, update, delete on note to "${app}";
    grant select on note to "${prober}";
    grant usage on schema public to "${app}", "${prober}";
    insert into watertight.protected (relation, tenant_column, tenant_type, tenant_sql, mode, before)
      values ('note', 'tenant_id', 'uuid', 'r.tenant_id::text', 'enforce', '{}');
    select watertight.register_tenant('${tenantA}'), watertight.register_tenant('${tenantB}');
    create table open_log (a int, b text);
    grant select, insert on open_log to "${app}";`;
}
