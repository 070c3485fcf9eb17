-- A database role for each user: policies on current_user, roles in a group, nothing set by the application.
create role ledger_owner nologin;
create role ledger_users nologin;
create role alice login in role ledger_users;
create role bob login in role ledger_users;
grant usage, create on schema public to ledger_owner;
grant usage on schema public to ledger_users;
set role ledger_owner;

create table public.entries (
  owner name not null default current_user,
  id uuid not null default gen_random_uuid(),
  amount numeric not null,
  primary key (owner, id)
);
alter table public.entries enable row level security;
alter table public.entries force row level security;
create policy own on public.entries using (owner = current_user) with check (owner = current_user);
grant select, insert, update, delete on public.entries to ledger_users;
