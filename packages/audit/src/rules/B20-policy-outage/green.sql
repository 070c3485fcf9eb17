-- B20 green: the policy looks at its row alone.
create role shop_owner nologin;
create role shop_app login;
grant usage, create on schema public to shop_owner;
grant usage on schema public to shop_app;
set role shop_owner;

create table public.tenants (
  id uuid primary key,
  name text not null
);

create table public.memberships (
  tenant_id uuid not null references public.tenants (id),
  user_id uuid not null,
  role text not null default 'member',
  primary key (tenant_id, user_id)
);
alter table public.memberships enable row level security;
alter table public.memberships force row level security;
grant select on public.memberships to shop_app;
create policy own_memberships on public.memberships
  for select using (user_id = (select nullif(current_setting('app.user_id', true), ''))::uuid);
alter table public.tenants enable row level security;
alter table public.tenants force row level security;
create policy own_tenants on public.tenants
  using (exists (select 1 from public.memberships m where m.tenant_id = tenants.id and m.user_id = (select nullif(current_setting('app.user_id', true), ''))::uuid));
grant select on public.tenants to shop_app;
