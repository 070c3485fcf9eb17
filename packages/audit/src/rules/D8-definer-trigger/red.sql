-- D8 red: the row's author chooses the tenant in whose inbox the trigger writes.
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

create table public.inbox (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  note text not null default '',
  primary key (tenant_id, id)
);
alter table public.inbox enable row level security;
create policy tenant_isolation on public.inbox
  using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant select on public.inbox to shop_app;

create table public.messages (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  recipient uuid not null,
  note text not null default '',
  primary key (tenant_id, id)
);
alter table public.messages enable row level security;
alter table public.messages force row level security;
create policy tenant_isolation on public.messages
  using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant select, insert on public.messages to shop_app;

create function public.deliver() returns trigger
  language plpgsql security definer set search_path = ''
  as $$
  begin
    insert into public.inbox (tenant_id, note) values (new.recipient, new.note);
    return new;
  end
  $$;
create trigger deliver after insert on public.messages
  for each row execute function public.deliver();
