create type public.org_role as enum ('viewer', 'admin', 'owner');
create table public.organizations (id uuid primary key, name text);
create table public.members (org_id uuid not null references public.organizations on delete cascade, user_id uuid not null references auth.users, role public.org_role not null default 'viewer', primary key (org_id, user_id));
create table public.profiles (id uuid primary key references auth.users, name text);
create table public.projects (id uuid primary key, org_id uuid not null references public.organizations, name text);
create table public.tasks (id uuid primary key, project_id uuid not null references public.projects, author_id uuid references auth.users, title text);
create table public.countries (code text primary key, name text);
create function public.is_member(org uuid) returns boolean language sql stable security definer set search_path = '' as
  $$ select exists (select 1 from public.members m where m.org_id = org and m.user_id = (select auth.uid())) $$;
create function public.my_orgs() returns setof uuid language sql stable security definer set search_path = '' as
  $$ select m.org_id from public.members m where m.user_id = auth.uid() $$;
alter table public.organizations enable row level security;
alter table public.members enable row level security;
alter table public.profiles enable row level security;
alter table public.projects enable row level security;
alter table public.tasks enable row level security;
create policy mine on public.organizations for select to authenticated using (id in (select public.my_orgs()));
create policy mine on public.members for select to authenticated using (user_id = (select auth.uid()));
create policy mine on public.profiles for all to authenticated using (id = (select auth.uid()));
create policy mine on public.projects for all to authenticated using (public.is_member(org_id));
create policy mine on public.tasks for all to authenticated using (exists (select from public.projects p where p.id = tasks.project_id and public.is_member(p.org_id)));
