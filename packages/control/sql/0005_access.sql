-- Who may use the API: tokens (only their hashes are here), and what a repeated request was answered.
create table watertight_catalog.api_token (
  id text primary key,
  name text not null unique,
  hash bytea not null check (octet_length(hash) = 32),
  roles text[] not null check (roles <@ array['viewer', 'operator', 'migration_operator', 'approver', 'auditor', 'admin'] and roles <> '{}'),
  created_by text not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  revoked_at timestamptz
);
create table watertight_catalog.idempotency (
  actor text not null,
  key text not null check (octet_length(key) between 1 and 255),
  request bytea not null,
  -- null while the first request is still at work
  status integer,
  headers jsonb,
  body text,
  created_at timestamptz not null default clock_timestamp(),
  primary key (actor, key)
);
create index idempotency_age on watertight_catalog.idempotency (created_at);
grant select, insert, update on watertight_catalog.api_token to :"control";
grant select, insert, update, delete on watertight_catalog.idempotency to :"control";
grant select (id, name, roles, created_by, created_at, expires_at, revoked_at) on watertight_catalog.api_token to :"auditor";
