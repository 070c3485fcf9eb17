-- F4 green: the report reads through the parent.
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
  day date not null,
  what text not null,
  primary key (tenant_id, id, day)
) partition by range (day);
alter table public.events enable row level security;
alter table public.events force row level security;
create policy tenant_isolation on public.events
  using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant select, insert, update, delete on public.events to shop_app;

create table public.events_2026 partition of public.events
  for values from ('2026-01-01') to ('2027-01-01');
grant select on public.events to shop_app;
