-- F16 green: jobs are added and fetched by the worker's own role.
create role shop_owner nologin;
create role shop_app login;
grant usage, create on schema public to shop_owner;
grant usage on schema public to shop_app;
create schema pgboss authorization shop_owner;
grant usage on schema pgboss to shop_app;
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

create table pgboss.job (
  id uuid primary key default gen_random_uuid(),
  name text not null,
  data jsonb not null
);
