-- Logins that may read across tenants, one for a place at most, for a while: what the control plane knows of them. The place's own database decides.
create table watertight_catalog.reporting (
  location text primary key references watertight_catalog.location,
  login text not null,
  secret watertight_catalog.secret_reference not null,
  reason text not null check (char_length(btrim(reason)) between 1 and 500),
  until timestamptz not null,
  requested_by text not null,
  state text not null default 'preparing' check (state in ('preparing', 'on')),
  -- whose tag the login carries
  operation text not null,
  created_at timestamptz not null default now()
);
comment on column watertight_catalog.reporting.secret is 'Reference to the login''s password. Never the password itself.';
grant select, insert, update, delete on watertight_catalog.reporting to :"control";
grant select on watertight_catalog.reporting to :"auditor";
