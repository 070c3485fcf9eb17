create role api login;
create table public.tenants (id bigint generated always as identity primary key, name text);
create table public.events (tenant_id bigint not null references public.tenants, id bigint not null, at timestamptz not null, kind text, primary key (tenant_id, id, at)) partition by range (at);
create table public.events_2026_11 partition of public.events for values from ('2026-11-01') to ('2026-12-01');
create table public.events_2026_12 partition of public.events for values from ('2026-12-01') to ('2027-01-01') partition by hash (tenant_id);
create table public.events_2026_12_0 partition of public.events_2026_12 for values with (modulus 1, remainder 0);
create table public.documents (tenant_id bigint not null references public.tenants, id bigint primary key);
create table public.contracts (signed date) inherits (public.documents);
grant select, insert on public.tenants, public.events, public.documents to api;
