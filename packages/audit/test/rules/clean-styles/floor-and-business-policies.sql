-- One restrictive floor for all, permissive policies for the business rules; partitions without grants; a read-only role and a worker.
create role crm_owner nologin;
create role crm_app login;
create role crm_readonly login;
create role crm_worker login bypassrls;
create schema crm authorization crm_owner;
grant usage on schema crm to crm_app, crm_readonly, crm_worker;
set role crm_owner;

create table crm.tenants (id bigint primary key, name text not null);
create table crm.contacts (
  tenant_id bigint not null references crm.tenants,
  id bigint generated always as identity,
  email text not null,
  archived boolean not null default false,
  primary key (tenant_id, id)
);
create table crm.events (
  tenant_id bigint not null references crm.tenants,
  id bigint generated always as identity,
  at timestamptz not null,
  what text not null,
  primary key (tenant_id, at, id)
) partition by range (at);
create table crm.events_2026 partition of crm.events for values from ('2026-01-01') to ('2027-01-01');

alter table crm.tenants enable row level security;
alter table crm.tenants force row level security;
alter table crm.contacts enable row level security;
alter table crm.contacts force row level security;
alter table crm.events enable row level security;
alter table crm.events force row level security;
alter table crm.events_2026 enable row level security;
alter table crm.events_2026 force row level security;
create policy floor on crm.tenants as restrictive
  using (id = (select nullif(current_setting('crm.tenant', true), '')::bigint));
create policy floor on crm.contacts as restrictive
  using (tenant_id = (select nullif(current_setting('crm.tenant', true), '')::bigint));
create policy floor on crm.events as restrictive
  using (tenant_id = (select nullif(current_setting('crm.tenant', true), '')::bigint));
create policy everything on crm.tenants using (true);
create policy everything on crm.events using (true);
create policy readable on crm.contacts for select using (true);
create policy writable on crm.contacts for all using (not archived) with check (not archived);

create materialized view crm.contacts_by_tenant as
  select tenant_id, count(*) as many from crm.contacts group by 1 with no data;
create function crm.my_contact_count() returns bigint
  language sql stable security definer set search_path = ''
  as $$
    select many from crm.contacts_by_tenant
    where tenant_id = (select nullif(current_setting('crm.tenant', true), '')::bigint)
  $$;

grant select on crm.tenants to crm_app, crm_readonly;
grant select, insert, update, delete on crm.contacts to crm_app;
grant select, insert on crm.events to crm_app;
grant select on crm.contacts, crm.events to crm_readonly;
grant select, insert, update, delete on all tables in schema crm to crm_worker;
revoke execute on function crm.my_contact_count() from public;
grant execute on function crm.my_contact_count() to crm_app, crm_readonly;
