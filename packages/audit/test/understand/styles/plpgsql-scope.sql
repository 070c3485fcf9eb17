-- A tenant set by a function at the start of the transaction, read through two more.
create role svc login;
create schema ctx;
create table public.agencies (id bigint primary key, name text);
create table public.cases (id bigint primary key, agency bigint not null references public.agencies);
create table public.case_files (id bigint primary key, case_id bigint not null references public.cases);
create function ctx.get(key text) returns text language plpgsql stable as $$ begin return nullif(current_setting('ctx.agency', true), ''); end $$;
create function ctx.agency() returns bigint language plpgsql stable as $$
declare
  raw text := ctx.get('agency');
begin
  if raw is null then raise exception 'no agency'; end if;
  return raw::bigint;
end $$;
alter table public.cases enable row level security;
alter table public.case_files enable row level security;
create policy p on public.cases using (agency = ctx.agency());
create policy p on public.case_files using (exists (select 1 from public.cases c where c.id = case_id and c.agency = (select ctx.agency())));
grant select, insert, update, delete on public.cases, public.case_files to svc;
