-- Durable workflows. A worker that runs one holds a lease; each new lease has a higher token, and whoever writes with an older one writes
-- nothing. Cleanup records are written before the object that they clean.
create table watertight_catalog.operation (
  id text primary key,
  kind text not null,
  subject text not null,
  state text not null default 'pending'
    check (state in ('pending', 'running', 'waiting', 'waiting_approval', 'succeeded', 'failed', 'cancelled')),
  direction text not null default 'forward' check (direction in ('forward', 'back')),
  input jsonb not null,
  output jsonb not null default '{}',
  error jsonb,
  requested_by text not null,
  four_eyes boolean not null default false,
  approved_by text,
  cancel_requested boolean not null default false,
  -- it ended with steps that are neither part of a success nor undone: it keeps its subject until somebody resumes or retries it
  unfinished boolean not null default false,
  attempts integer not null default 0,
  lease_owner text,
  lease_token bigint not null default 0,
  lease_until timestamptz,
  run_after timestamptz not null default now(),
  created_at timestamptz not null default now(),
  started_at timestamptz,
  finished_at timestamptz,
  check (approved_by is null or approved_by <> requested_by),
  -- whatever a program believes: without the second person's word it never runs
  constraint operation_approved check (not four_eyes or approved_by is not null or state in ('waiting_approval', 'cancelled'))
);
-- two operations never work on one subject at a time, nor one on what another left half done
create unique index operation_subject on watertight_catalog.operation (subject) where state not in ('succeeded', 'failed', 'cancelled') or unfinished;
create index operation_due on watertight_catalog.operation (run_after) where state in ('pending', 'running', 'waiting');
create index operation_newest on watertight_catalog.operation (created_at desc, id);

create table watertight_catalog.operation_step (
  operation text not null references watertight_catalog.operation on delete cascade,
  position integer not null,
  name text not null,
  state text not null default 'running' check (state in ('running', 'done', 'undone', 'failed')),
  attempts integer not null default 1,
  output jsonb not null default '{}',
  error jsonb,
  started_at timestamptz not null default clock_timestamp(),
  finished_at timestamptz,
  primary key (operation, position)
);

create table watertight_catalog.operation_event (
  id bigint generated always as identity primary key,
  operation text not null references watertight_catalog.operation on delete cascade,
  at timestamptz not null default clock_timestamp(),
  kind text not null,
  data jsonb not null default '{}'
);
create index operation_event_of on watertight_catalog.operation_event (operation, id);
create function watertight_catalog.operation_event_written() returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform pg_catalog.pg_notify('watertight_operation', new.operation);
  if new.kind in ('requested', 'approved', 'resumed', 'retried', 'cancel_requested') then
    perform pg_catalog.pg_notify('watertight_due', '');
  end if;
  return null;
end
$$;
create trigger operation_event_written after insert on watertight_catalog.operation_event
  for each row execute function watertight_catalog.operation_event_written();

-- What an operation is about to make outside of the catalog; struck off when the object is gone, or belongs to what was finished.
create table watertight_catalog.cleanup (
  operation text not null references watertight_catalog.operation,
  cell text not null,
  kind text not null check (kind in ('database', 'schema', 'role', 'fence', 'hba')),
  name text not null,
  database text not null default '',
  written_at timestamptz not null default clock_timestamp(),
  settled_at timestamptz,
  settled_as text check (settled_as in ('kept', 'removed')),
  primary key (operation, cell, kind, database, name)
);
create index cleanup_open on watertight_catalog.cleanup (operation) where settled_at is null;

revoke all on function watertight_catalog.operation_event_written() from public;
grant select, insert, update on watertight_catalog.operation, watertight_catalog.operation_step, watertight_catalog.cleanup to :"control";
grant select, insert on watertight_catalog.operation_event to :"control";
grant select on watertight_catalog.operation, watertight_catalog.operation_step, watertight_catalog.operation_event, watertight_catalog.cleanup to :"auditor";
