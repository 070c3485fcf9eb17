-- What Neon's data API gives to policies: the caller by his token. Runs before any migration.
create schema if not exists auth;
grant usage on schema auth to authenticated, anonymous, postgres;
create function auth.session() returns jsonb language sql stable
  as $$ select coalesce(nullif(current_setting('request.jwt.claims', true), ''), nullif(current_setting('pg_session_jwt.jwt', true), ''))::jsonb $$;
create function auth.user_id() returns text language sql stable
  as $$ select auth.session() ->> 'sub' $$;
create schema neon_auth;
grant usage on schema neon_auth to authenticated, anonymous, postgres;
create table neon_auth.users_sync (
  raw_json jsonb not null,
  id text generated always as (raw_json ->> 'id') stored primary key,
  name text generated always as (raw_json ->> 'display_name') stored,
  email text generated always as (raw_json ->> 'primary_email') stored,
  created_at timestamptz,
  updated_at timestamptz,
  deleted_at timestamptz
);
grant all on neon_auth.users_sync to postgres;
alter schema auth owner to neon_superuser;
alter function auth.session() owner to neon_superuser;
alter function auth.user_id() owner to neon_superuser;
alter schema neon_auth owner to neon_superuser;
alter table neon_auth.users_sync owner to neon_superuser;
