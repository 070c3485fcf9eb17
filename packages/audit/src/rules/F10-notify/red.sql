-- F10 red: the payload is the row.
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

create table public.notes (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  body text not null,
  primary key (tenant_id, id)
);
alter table public.notes enable row level security;
alter table public.notes force row level security;
create policy tenant_isolation on public.notes
  using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant select, insert, update, delete on public.notes to shop_app;

create function public.tell() returns trigger language plpgsql set search_path = '' as $$
begin
  perform pg_catalog.pg_notify('notes', pg_catalog.to_json(new)::text);
  return null;
end $$;
revoke execute on function public.tell() from public;
create trigger tell after insert on public.notes for each row execute function public.tell();
