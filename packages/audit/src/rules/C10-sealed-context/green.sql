-- C10 green: the key lies in a table that only the owner reads.
create role shop_owner nologin;
create role shop_app login;
grant usage, create on schema public to shop_owner;
grant usage on schema public to shop_app;
create schema private authorization shop_owner;
set role shop_owner;

create table private.keys (
  secret text not null
);

create function public.current_tenant() returns uuid
  language sql stable security definer set search_path = ''
  as $$
    select split_part(t.token, '.', 1)::uuid
      from (select current_setting('app.token', true) as token) t, private.keys k
     where split_part(t.token, '.', 2) = encode(sha256(convert_to(k.secret || split_part(t.token, '.', 1), 'UTF8')), 'hex')
  $$;

create table public.tenants (
  id uuid primary key,
  name text not null
);
alter table public.tenants enable row level security;
alter table public.tenants force row level security;
create policy tenant_isolation on public.tenants
  using (id = (select public.current_tenant()));
grant select on public.tenants to shop_app;

create table public.invoices (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  note text not null default '',
  primary key (tenant_id, id)
);
alter table public.invoices enable row level security;
alter table public.invoices force row level security;
grant select, insert, update, delete on public.invoices to shop_app;
create policy tenant_isolation on public.invoices
  using (tenant_id = (select public.current_tenant()));
