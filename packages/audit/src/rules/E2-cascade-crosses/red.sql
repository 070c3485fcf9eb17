-- E2 red: deleting a project deletes tasks of whoever points to it.
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

create table public.projects (
  tenant_id uuid not null references public.tenants (id),
  id bigint generated always as identity,
  name text not null,
  primary key (tenant_id, id),
  unique (id)
);
alter table public.projects enable row level security;
alter table public.projects force row level security;
create policy tenant_isolation on public.projects
  using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant select, insert, update, delete on public.projects to shop_app;

create table public.tasks (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  project_id bigint not null,
  title text not null,
  foreign key (project_id) references public.projects (id) on delete cascade,
  primary key (tenant_id, id)
);
alter table public.tasks enable row level security;
alter table public.tasks force row level security;
create policy tenant_isolation on public.tasks
  using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant select, insert, update, delete on public.tasks to shop_app;
