-- A setting holds the tenant; a NOLOGIN owner is bound by FORCE, so its plain view and definer function show the caller's rows only.
create role shop_owner nologin;
create role shop_app login;
grant usage, create on schema public to shop_owner;
grant usage on schema public to shop_app;
set role shop_owner;

create function public.current_tenant() returns uuid
  language sql stable parallel safe set search_path = ''
  return nullif(current_setting('app.tenant_id', true), '')::uuid;

create table public.tenants (id uuid primary key, name text not null);
create table public.customers (
  tenant_id uuid not null default public.current_tenant() references public.tenants,
  id uuid not null default gen_random_uuid(),
  email text not null,
  primary key (tenant_id, id),
  unique (tenant_id, email)
);
create table public.invoices (
  tenant_id uuid not null default public.current_tenant(),
  id uuid not null default gen_random_uuid(),
  customer_id uuid not null,
  total numeric not null check (total >= 0),
  primary key (tenant_id, id),
  foreign key (tenant_id, customer_id) references public.customers (tenant_id, id) on delete cascade
);
create index on public.invoices (tenant_id, customer_id);
create table public.audit_log (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  what text not null,
  primary key (tenant_id, id)
);

alter table public.tenants enable row level security;
alter table public.tenants force row level security;
alter table public.customers enable row level security;
alter table public.customers force row level security;
alter table public.invoices enable row level security;
alter table public.invoices force row level security;
alter table public.audit_log enable row level security;
create policy own on public.tenants using (id = (select public.current_tenant()));
create policy own on public.customers using (tenant_id = (select public.current_tenant()));
create policy own on public.invoices using (tenant_id = (select public.current_tenant()));
create policy own on public.audit_log using (tenant_id = (select public.current_tenant()));

create view public.customer_totals as
  select c.tenant_id, c.id, c.email, sum(i.total) as total
  from public.customers c join public.invoices i using (tenant_id)
  where i.customer_id = c.id
  group by 1, 2, 3;
create function public.biggest_invoices(many int) returns setof public.invoices
  language sql stable security definer set search_path = public, pg_temp
  as $$ select * from invoices order by total desc limit many $$;

create function public.audit() returns trigger
  language plpgsql security definer set search_path = ''
  as $$
  begin
    insert into public.audit_log (tenant_id, what) values (coalesce(new.tenant_id, old.tenant_id), tg_op);
    return coalesce(new, old);
  end
  $$;
create trigger audit after insert or update or delete on public.invoices for each row execute function public.audit();

grant select on public.tenants, public.customer_totals, public.audit_log to shop_app;
grant select, insert, update, delete on public.customers, public.invoices to shop_app;
