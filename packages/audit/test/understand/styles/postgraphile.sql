-- PostGraphile: a role that logs in, a visitor role, claims in settings, schemas apart.
create role shop_postgraphile login noinherit;
create role shop_visitor nologin;
create role shop_anonymous nologin;
grant shop_visitor, shop_anonymous to shop_postgraphile;
create schema app_public;
create schema app_private;
create table app_public.users (id uuid primary key, username text);
create table app_public.organizations (id uuid primary key, slug text unique not null, name text);
create table app_public.organization_memberships (id uuid primary key, organization_id uuid not null references app_public.organizations on delete cascade, user_id uuid not null references app_public.users on delete cascade, is_owner boolean not null default false, unique (organization_id, user_id));
create table app_public.topics (id int primary key, organization_id uuid not null references app_public.organizations);
create table app_public.posts (id int primary key, topic_id int not null references app_public.topics, author_id uuid references app_public.users);
create table app_private.user_secrets (user_id uuid primary key references app_public.users on delete cascade, password_hash text);
create table app_private.sessions (uuid uuid primary key, user_id uuid not null references app_public.users);
create function app_public.current_session_id() returns uuid language sql stable as
  $$ select nullif(pg_catalog.current_setting('jwt.claims.session_id', true), '')::uuid; $$;
create function app_public.current_user_id() returns uuid language sql stable security definer set search_path = pg_catalog, public, pg_temp as
  $$ select user_id from app_private.sessions where uuid = app_public.current_session_id(); $$;
create function app_public.current_user_member_organization_ids() returns setof uuid language sql stable security definer set search_path = pg_catalog, public, pg_temp as
  $$ select organization_id from app_public.organization_memberships where user_id = app_public.current_user_id(); $$;
alter table app_public.users enable row level security;
alter table app_public.organizations enable row level security;
alter table app_public.organization_memberships enable row level security;
alter table app_public.topics enable row level security;
alter table app_private.user_secrets enable row level security;
create policy self on app_public.users for all using (id = app_public.current_user_id());
create policy member on app_public.organizations for select using (id in (select app_public.current_user_member_organization_ids()));
create policy member on app_public.organization_memberships for select using (organization_id in (select app_public.current_user_member_organization_ids()));
create policy member on app_public.topics for all using (organization_id in (select app_public.current_user_member_organization_ids()));
grant usage on schema app_public to shop_visitor, shop_anonymous;
grant select, insert, update, delete on app_public.organizations, app_public.topics, app_public.posts to shop_visitor;
grant select on app_public.users, app_public.organization_memberships to shop_visitor;
grant select on app_public.topics to shop_anonymous;
