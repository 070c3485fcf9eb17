-- Membership decides; PL/pgSQL helpers are definers with a path that ends with pg_temp.
create role desk_owner nologin;
create role desk_api login;
grant usage, create on schema public to desk_owner;
grant usage on schema public to desk_api;
set role desk_owner;

create table public.workspaces (id uuid primary key default gen_random_uuid(), name text not null);
create table public.workspace_members (
  workspace_id uuid not null references public.workspaces on delete cascade,
  user_id uuid not null,
  primary key (workspace_id, user_id)
);
create table public.tickets (
  workspace_id uuid not null references public.workspaces on delete cascade,
  id uuid not null default gen_random_uuid(),
  title text not null,
  primary key (workspace_id, id)
);

create function public.current_user_id() returns uuid
  language sql stable set search_path = public, pg_temp
  as $$ select nullif(current_setting('desk.user_id', true), '')::uuid $$;
create function public.is_member(workspace uuid) returns boolean
  language plpgsql stable security definer set search_path = public, pg_temp
  as $$
  begin
    return exists (select from workspace_members m where m.workspace_id = workspace and m.user_id = current_user_id());
  end
  $$;
create function public.leave_workspace(workspace uuid) returns void
  language plpgsql security definer set search_path = public, pg_temp
  as $$
  begin
    if not is_member(workspace) then
      raise exception 'not a member';
    end if;
    delete from workspace_members where workspace_id = workspace and user_id = current_user_id();
  end
  $$;
create function public.ticket_counts() returns table (workspace_id uuid, many bigint)
  language sql stable security definer set search_path = public, pg_temp
  as $$
    select t.workspace_id, count(*) from tickets t
    join workspace_members m on m.workspace_id = t.workspace_id
    where m.user_id = current_user_id()
    group by 1
  $$;

alter table public.workspaces enable row level security;
alter table public.workspace_members enable row level security;
alter table public.tickets enable row level security;
create policy members on public.workspaces for select using (public.is_member(id));
create policy members on public.workspace_members for select using (public.is_member(workspace_id));
create policy members on public.tickets using (public.is_member(workspace_id)) with check (public.is_member(workspace_id));
grant select on public.workspaces, public.workspace_members to desk_api;
grant select, insert, update, delete on public.tickets to desk_api;
