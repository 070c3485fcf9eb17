-- The organisation of a user stands in the profile; a PL/pgSQL helper looks it up.
create table public.companies (id uuid primary key default gen_random_uuid(), name text);
create table public.profiles (user_id uuid primary key references auth.users on delete cascade, company_id uuid references public.companies, role text not null default 'member' check (role in ('member', 'admin')));
create table public.deals (id bigint generated always as identity primary key, company_id uuid not null references public.companies, title text);
create table public.deal_notes (id bigint generated always as identity primary key, deal_id bigint not null references public.deals on delete cascade, body text);
create table public.stages (id smallint primary key, label text);
create function public.current_company() returns uuid language plpgsql stable security definer set search_path = '' as $$
declare found uuid;
begin
  select p.company_id into found from public.profiles p where p.user_id = (select auth.uid());
  return found;
end $$;
alter table public.companies enable row level security;
alter table public.profiles enable row level security;
alter table public.deals enable row level security;
alter table public.deal_notes enable row level security;
create policy own on public.companies for select to authenticated using (id = public.current_company());
create policy own on public.profiles for select to authenticated using (user_id = auth.uid());
create policy own on public.deals for all to authenticated using (company_id = (select public.current_company()));
create policy own on public.deal_notes for all to authenticated using (deal_id in (select d.id from public.deals d where d.company_id = public.current_company()));
