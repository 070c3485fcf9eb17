-- A15 red: the policies of events guarded its partition; detached it has none.
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
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  year int not null,
  note text not null default '',
  primary key (tenant_id, year, id)
) partition by list (year);
alter table public.events enable row level security;
alter table public.events force row level security;
create policy tenant_isolation on public.events
  using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant select, insert on public.events to shop_app;
create table public.events_2024 partition of public.events for values in (2024);

alter table public.events detach partition public.events_2024;
grant select on public.events_2024 to shop_app;
