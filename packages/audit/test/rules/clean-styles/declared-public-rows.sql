-- Templates without a tenant are everybody's, on purpose and by declaration; a catalog of plans is shared by all.
create role kit_owner nologin;
create role kit_app login;
grant usage, create on schema public to kit_owner;
grant usage on schema public to kit_app;
set role kit_owner;

create table public.plans (code text primary key, price numeric not null);
create table public.tenants (id uuid primary key, name text not null, plan text not null references public.plans);
create table public.templates (
  id uuid primary key default gen_random_uuid(),
  tenant_id uuid references public.tenants on delete cascade,
  body text not null
);
create index on public.templates (tenant_id);

alter table public.tenants enable row level security;
alter table public.tenants force row level security;
alter table public.templates enable row level security;
alter table public.templates force row level security;
create policy own on public.tenants using (id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
create policy shared_or_own on public.templates for select
  using (tenant_id is null or tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
create policy own_insert on public.templates for insert
  with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
create policy own_update on public.templates for update
  using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid)
  with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
create policy own_delete on public.templates for delete
  using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant select on public.plans, public.tenants to kit_app;
grant select, insert, update, delete on public.templates to kit_app;
