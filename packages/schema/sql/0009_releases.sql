-- The ledger of the application's own migrations in this database: written in the transaction of the DDL, so it is the authority on what ran;
-- a central copy is only a copy. A tenant with a schema of its own has such a table in it (packages/control).
create table watertight.release_ledger (
  name text primary key,
  position integer not null check (position > 0),
  file text not null,
  checksum text not null,
  state text not null check (state in ('started', 'applied')),
  steps integer not null check (steps >= 0),
  steps_done integer not null check (steps_done between 0 and steps),
  -- a step outside of a transaction that has begun and is not known to have ended
  running integer,
  duration_ms integer not null default 0,
  applied_at timestamptz not null default now(),
  applied_by name not null default session_user
);
comment on table watertight.release_ledger is 'Migrations of the application that ran in this database.';
revoke all on watertight.release_ledger from public;
grant select on watertight.release_ledger to :"control";
