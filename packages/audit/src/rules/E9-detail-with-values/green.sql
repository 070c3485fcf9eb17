-- E9 green: bookings of other tenants are never in the way.
create role shop_owner nologin;
create role shop_app login;
grant usage, create on schema public to shop_owner;
grant usage on schema public to shop_app;
create extension btree_gist;
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

create table public.bookings (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  room integer not null,
  during int4range not null,
  primary key (tenant_id, id),
  exclude using gist (tenant_id with =, room with =, during with &&)
);
alter table public.bookings enable row level security;
create policy tenant_isolation on public.bookings
  using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant select on public.bookings to shop_app;

create function public.book(wanted_room integer, wanted_hours int4range) returns void
  language sql security definer set search_path = ''
  as $$ insert into public.bookings (tenant_id, room, during)
        values (nullif(pg_catalog.current_setting('app.tenant_id', true), '')::uuid, wanted_room, wanted_hours) $$;
revoke execute on function public.book(integer, int4range) from public;
grant execute on function public.book(integer, int4range) to shop_app;
