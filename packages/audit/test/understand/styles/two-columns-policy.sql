-- Two candidates again; the policies say which one isolates.
create role app_user login;
create table public.accounts (id uuid primary key, name text);
create table public.teams (id uuid primary key, account_id uuid not null references public.accounts, name text);
create table public.invoices (id uuid primary key, account_id uuid not null references public.accounts, team_id uuid not null references public.teams);
create table public.contracts (id uuid primary key, account_id uuid not null references public.accounts, team_id uuid not null references public.teams);
alter table public.invoices enable row level security;
alter table public.contracts enable row level security;
create policy team on public.invoices using (team_id = current_setting('my.team')::uuid);
create policy team on public.contracts using (team_id = current_setting('my.team')::uuid);
grant select, insert, update, delete on all tables in schema public to app_user;
