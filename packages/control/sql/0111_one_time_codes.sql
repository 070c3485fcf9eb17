-- One-time codes: what a person types once, within minutes, to get a token of their own. Only a hash of the code is here; a few wrong tries end it. The
-- row stays and says which token was given for it.
create table watertight_catalog.one_time_code (
  id text primary key check (id ~ '^[0-9A-HJKMNP-TV-Z]{4}$'),
  hash bytea not null check (octet_length(hash) = 32),
  roles text[] not null check (roles <@ array['viewer', 'operator', 'migration_operator', 'approver', 'auditor', 'admin'] and roles <> '{}'),
  token_days double precision not null check (token_days > 0 and token_days <= 366),
  created_by text not null,
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null,
  wrong_tries integer not null default 0,
  used_at timestamptz,
  ended_at timestamptz,
  token text references watertight_catalog.api_token,
  -- whatever a program believes: a code that gave a token was used
  check ((token is null) or (used_at is not null))
);
-- ids are short: an old one may be given again, a live one never
grant select, insert, update, delete on watertight_catalog.one_time_code to :"control";
grant select (id, roles, created_by, created_at, expires_at, wrong_tries, used_at, ended_at, token) on watertight_catalog.one_time_code to :"auditor";
