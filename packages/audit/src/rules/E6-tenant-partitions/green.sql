-- E6 green: all tenants share one partition.
create role shop_owner nologin;
create role shop_app login;
grant usage, create on schema public to shop_owner;
grant usage on schema public to shop_app;
set role shop_owner;

create table public.tenants (
  id uuid primary key,
  name text not null
);
alter table public.tenants enable row level security;
alter table public.tenants force row level security;
create policy tenant_isolation on public.tenants
  using (id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant select on public.tenants to shop_app;

create table public.events (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  what text not null,
  primary key (tenant_id, id)
) partition by list (tenant_id);
alter table public.events enable row level security;
alter table public.events force row level security;
create policy tenant_isolation on public.events
  using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant select, insert, update, delete on public.events to shop_app;

create table public.events_rest partition of public.events default;
alter table public.events_rest enable row level security;
alter table public.events_rest force row level security;

alter table if exists public.events_1 enable row level security;
alter table if exists public.events_1 force row level security;
