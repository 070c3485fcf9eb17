-- Agencies own child tenants; folders nest.
create role web login;
create table public.tenants (id uuid primary key, parent_tenant_id uuid references public.tenants, name text);
create table public.folders (id uuid primary key, tenant_id uuid not null references public.tenants, parent_id uuid references public.folders);
create table public.shares (id uuid primary key, tenant_id uuid not null references public.tenants, shared_with_tenant_id uuid not null references public.tenants, folder_id uuid not null references public.folders);
create table public.transfers (id uuid primary key, from_tenant_id uuid not null references public.tenants, to_tenant_id uuid not null references public.tenants);
grant select, insert, update, delete on all tables in schema public to web;
