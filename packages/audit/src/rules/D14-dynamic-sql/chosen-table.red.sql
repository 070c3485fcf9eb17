-- D14 red: the caller chooses the table that the owner reads.
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

create table public.invoices (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  note text not null default '',
  primary key (tenant_id, id)
);
alter table public.invoices enable row level security;
create policy tenant_isolation on public.invoices
  using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant select, insert, update, delete on public.invoices to shop_app;

create function public.rows_of(source text) returns setof jsonb
  language plpgsql stable security definer set search_path = ''
  as $$
  begin
    return query execute format('select to_jsonb(t) from public.%I t', source);
  end
  $$;
