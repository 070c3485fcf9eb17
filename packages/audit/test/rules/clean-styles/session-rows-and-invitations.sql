-- Sessions in a table, a public list of members, invitations that are redeemed with a token, "forgot my password": each reaches rows of others on purpose.
create role club_owner nologin;
create role club_visitor login;
create schema club authorization club_owner;
create schema club_private authorization club_owner;
grant usage on schema club to club_visitor;
set role club_owner;
alter default privileges revoke execute on functions from public;

create table club.people (
  id uuid primary key default gen_random_uuid(),
  username text not null unique,
  display_name text
);
create table club_private.logins (
  token text primary key,
  person_id uuid not null references club.people on delete cascade,
  expires_at timestamptz not null default now() + interval '1 day'
);
create table club.groups (id uuid primary key default gen_random_uuid(), name text not null);
create table club.group_members (
  group_id uuid not null references club.groups on delete cascade,
  person_id uuid not null references club.people on delete cascade,
  primary key (group_id, person_id)
);
create table club.invitations (
  group_id uuid not null references club.groups on delete cascade,
  id uuid not null default gen_random_uuid(),
  code text not null,
  accepted boolean not null default false,
  primary key (group_id, id)
);
create table club.person_emails (
  person_id uuid not null references club.people on delete cascade,
  email text not null unique,
  reset_token text,
  primary key (person_id, email)
);

create function club.me() returns uuid language sql stable security definer set search_path = ''
  as $$ select l.person_id from club_private.logins l
        where l.token = nullif(pg_catalog.current_setting('club.login', true), '') and l.expires_at > pg_catalog.now() $$;
create function club.my_groups() returns setof uuid language sql stable security definer set search_path = ''
  as $$ select m.group_id from club.group_members m where m.person_id = club.me() $$;

alter table club.people enable row level security;
alter table club_private.logins enable row level security;
alter table club.groups enable row level security;
alter table club.group_members enable row level security;
alter table club.invitations enable row level security;
alter table club.person_emails enable row level security;
-- the list of members is for all
create policy listed on club.people for select using (true);
create policy own on club.people for update using (id = (select club.me()));
create policy member on club.groups for select using (id in (select club.my_groups()));
create policy member on club.group_members for select using (group_id in (select club.my_groups()));
create policy member on club.invitations for select using (group_id in (select club.my_groups()));
create policy own on club.person_emails using (person_id = (select club.me()));
grant select on club.people, club.groups, club.group_members to club_visitor;
grant select (group_id, id, accepted) on club.invitations to club_visitor;
grant update (display_name) on club.people to club_visitor;
grant select (person_id, email), insert (person_id, email), delete on club.person_emails to club_visitor;

-- the code is the proof
create function club.open_invitation(wanted uuid, given_code text) returns uuid
  language plpgsql stable security definer set search_path = ''
  as $$
  declare
    found_group uuid;
    invited club.invitations;
  begin
    if club.me() is null then
      raise exception 'sign in first' using errcode = '28000';
    end if;
    select * into invited from club.invitations i where i.id = wanted;
    if invited.code is distinct from given_code then
      raise exception 'not for you' using errcode = '42501';
    end if;
    found_group := invited.group_id;
    return found_group;
  end
  $$;
create function club.accept_invitation(wanted uuid, given_code text) returns void
  language plpgsql security definer set search_path = ''
  as $$
  declare
    joined uuid;
  begin
    joined := club.open_invitation(wanted, given_code);
    insert into club.group_members (group_id, person_id) values (joined, club.me());
    update club.invitations set accepted = true where id = wanted;
  end
  $$;
create function club.forgot_password(address text) returns void
  language plpgsql security definer set search_path = ''
  as $$
  declare
    one club.person_emails;
  begin
    select * into one from club.person_emails e where e.email = lower(address);
    if one.person_id is null then
      return;
    end if;
    update club.person_emails set reset_token = pg_catalog.gen_random_uuid()::text
      where person_id = one.person_id and email = one.email;
  end
  $$;
grant execute on function club.me(), club.my_groups(), club.open_invitation(uuid, text),
  club.accept_invitation(uuid, text), club.forgot_password(text) to club_visitor;
