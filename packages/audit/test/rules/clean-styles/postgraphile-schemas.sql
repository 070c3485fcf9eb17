-- PostGraphile: app_public for the API, app_private for secrets; sessions instead of claims; definer functions with pg_temp last.
create role forum_owner nologin;
create role forum_authenticator login noinherit;
create role forum_visitor nologin;
grant forum_visitor to forum_authenticator;
create schema app_public authorization forum_owner;
create schema app_private authorization forum_owner;
grant usage on schema app_public to forum_visitor;
set role forum_owner;

create table app_public.users (id uuid primary key default gen_random_uuid(), username text not null);
create table app_private.user_secrets (
  user_id uuid primary key references app_public.users on delete cascade,
  password_hash text,
  failed_attempts int not null default 0
);
create table app_private.sessions (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references app_public.users on delete cascade
);
create index on app_private.sessions (user_id);
create table app_public.notes (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references app_public.users on delete cascade,
  body text not null
);
create index on app_public.notes (user_id);

create function app_public.current_session_id() returns uuid
  language sql stable set search_path = pg_catalog, pg_temp
  as $$ select nullif(pg_catalog.current_setting('jwt.claims.session_id', true), '')::uuid $$;
create function app_public.current_user_id() returns uuid
  language sql stable security definer set search_path = pg_catalog, public, pg_temp
  as $$ select user_id from app_private.sessions where id = app_public.current_session_id() $$;

alter table app_public.users enable row level security;
alter table app_private.user_secrets enable row level security;
alter table app_private.sessions enable row level security;
alter table app_public.notes enable row level security;
create policy self on app_public.users using (id = (select app_public.current_user_id()));
create policy own on app_public.notes using (user_id = (select app_public.current_user_id()));

create function app_public.change_password(old_password text, new_password text) returns boolean
  language plpgsql security definer set search_path = pg_catalog, public, pg_temp
  as $$
  declare
    me uuid := app_public.current_user_id();
    known text;
  begin
    if me is null then
      raise exception 'sign in first' using errcode = 'LOGIN';
    end if;
    select password_hash into known from app_private.user_secrets where user_id = me;
    if known is distinct from md5(old_password) then
      return false;
    end if;
    update app_private.user_secrets set password_hash = md5(new_password) where user_id = me;
    return true;
  end
  $$;
create function app_public.logout() returns void
  language plpgsql security definer set search_path = pg_catalog, public, pg_temp
  as $$ begin delete from app_private.sessions where id = app_public.current_session_id(); end $$;

grant select, update (username) on app_public.users to forum_visitor;
grant select, insert (user_id, body), update (body), delete on app_public.notes to forum_visitor;
