-- Supabase, organisations with members: definer helpers with an empty search_path, invitations accepted by a definer function that checks.
create type public.member_role as enum ('owner', 'admin', 'member');
create table public.organizations (
  id uuid primary key default gen_random_uuid(),
  name text not null,
  created_by uuid not null default auth.uid() references auth.users
);
create table public.memberships (
  organization_id uuid not null references public.organizations on delete cascade,
  user_id uuid not null references auth.users on delete cascade,
  role public.member_role not null default 'member',
  primary key (organization_id, user_id)
);
create table public.invitations (
  id uuid primary key default gen_random_uuid(),
  organization_id uuid not null references public.organizations on delete cascade,
  email text not null,
  role public.member_role not null default 'member',
  accepted_at timestamptz
);
create table public.projects (
  id uuid not null default gen_random_uuid(),
  organization_id uuid not null references public.organizations on delete cascade,
  name text not null,
  primary key (organization_id, id)
);
create table public.tasks (
  id uuid not null default gen_random_uuid(),
  organization_id uuid not null,
  project_id uuid not null,
  title text not null,
  primary key (organization_id, id),
  foreign key (organization_id, project_id) references public.projects (organization_id, id) on delete cascade
);
create index on public.memberships (user_id);
create index on public.tasks (organization_id, project_id);

create function public.has_role_in(org uuid, wanted public.member_role[]) returns boolean
  language sql stable security definer set search_path = ''
  as $$
    select exists (
      select 1 from public.memberships m
      where m.organization_id = org and m.user_id = (select auth.uid()) and m.role = any (wanted)
    )
  $$;
create function public.my_organizations() returns setof uuid
  language sql stable security definer set search_path = ''
  as $$ select m.organization_id from public.memberships m where m.user_id = (select auth.uid()) $$;

alter table public.organizations enable row level security;
alter table public.memberships enable row level security;
alter table public.invitations enable row level security;
alter table public.projects enable row level security;
alter table public.tasks enable row level security;
create policy "members read" on public.organizations for select to authenticated using (id in (select public.my_organizations()));
create policy "owners update" on public.organizations for update to authenticated
  using (public.has_role_in(id, '{owner}')) with check (public.has_role_in(id, '{owner}'));
create policy "members read" on public.memberships for select to authenticated
  using (organization_id in (select public.my_organizations()));
create policy "owners remove" on public.memberships for delete to authenticated using (public.has_role_in(organization_id, '{owner}'));
create policy "admins manage" on public.invitations for all to authenticated
  using (public.has_role_in(organization_id, '{owner,admin}')) with check (public.has_role_in(organization_id, '{owner,admin}'));
create policy "members work" on public.projects for all to authenticated
  using (organization_id in (select public.my_organizations())) with check (organization_id in (select public.my_organizations()));
create policy "members work" on public.tasks for all to authenticated
  using (organization_id in (select public.my_organizations())) with check (organization_id in (select public.my_organizations()));

create function public.create_organization(name text) returns uuid
  language plpgsql security definer set search_path = ''
  as $$
  declare
    org uuid;
    me uuid := auth.uid();
  begin
    if me is null then
      raise exception 'not signed in' using errcode = '42501';
    end if;
    insert into public.organizations (name, created_by) values (create_organization.name, me) returning id into org;
    insert into public.memberships (organization_id, user_id, role) values (org, me, 'owner');
    return org;
  end
  $$;
create function public.accept_invitation(invitation uuid) returns uuid
  language plpgsql security definer set search_path = ''
  as $$
  declare
    org uuid;
    wanted public.member_role;
  begin
    update public.invitations i set accepted_at = now()
      where i.id = invitation and i.accepted_at is null and i.email = (select auth.jwt() ->> 'email')
      returning i.organization_id, i.role into org, wanted;
    if org is null then
      raise exception 'no such invitation';
    end if;
    insert into public.memberships (organization_id, user_id, role) values (org, (select auth.uid()), wanted);
    return org;
  end
  $$;
revoke execute on function public.create_organization(text), public.accept_invitation(uuid) from public;
grant execute on function public.create_organization(text), public.accept_invitation(uuid) to authenticated;
