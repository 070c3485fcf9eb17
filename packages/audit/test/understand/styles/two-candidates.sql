-- Two words for a tenant, side by side: nothing says which one isolates.
create table public.accounts (id uuid primary key, name text);
create table public.teams (id uuid primary key, name text);
create table public.invoices (id uuid primary key, account_id uuid not null references public.accounts, team_id uuid not null references public.teams);
create table public.contracts (id uuid primary key, account_id uuid not null references public.accounts, team_id uuid not null references public.teams);
create table public.notes (id uuid primary key, invoice_id uuid not null references public.invoices);
