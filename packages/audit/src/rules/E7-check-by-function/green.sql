-- E7 green: the function looks at the new row only.
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

create table public.bookings (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  room integer not null,
  day date not null,
  primary key (tenant_id, id)
);
alter table public.bookings enable row level security;
alter table public.bookings force row level security;
create policy tenant_isolation on public.bookings
  using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant select, insert, update, delete on public.bookings to shop_app;

create function public.room_is_free(wanted_room integer, wanted_day date) returns boolean
  language sql immutable set search_path = ''
  as $$ select wanted_room between 1 and 99 and wanted_day >= '2020-01-01'::date $$;
alter table public.bookings add constraint room_free check (public.room_is_free(room, day));
