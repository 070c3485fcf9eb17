-- D9 green: the trigger compares the tenant itself.
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
  id uuid not null default gen_random_uuid(),
  note text not null default '',
  primary key (tenant_id, id)
);
alter table public.projects enable row level security;
alter table public.projects force row level security;
create policy tenant_isolation on public.projects
  using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant select, delete on public.projects to shop_app;

create table public.reminders (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  note text not null default '',
  primary key (tenant_id, id)
);
alter table public.reminders enable row level security;
alter table public.reminders force row level security;
create policy tenant_isolation on public.reminders
  using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant select, delete on public.reminders to shop_app;

create table public.tasks (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  project_id uuid not null,
  note text not null default '',
  foreign key (tenant_id, project_id) references public.projects (tenant_id, id) on delete cascade,
  primary key (tenant_id, id)
);
alter table public.tasks enable row level security;
alter table public.tasks force row level security;
create policy tenant_isolation on public.tasks
  using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant select, delete on public.tasks to shop_app;

create function public.forget_reminders() returns trigger
  language plpgsql
  as $$
  begin
    delete from public.reminders where note = old.note and tenant_id = old.tenant_id;
    return old;
  end
  $$;
create trigger forget_reminders before delete on public.tasks
  for each row execute function public.forget_reminders();
