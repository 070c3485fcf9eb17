-- What the control plane remembers of migrations: the files that were released, runs and their targets, copies of what the targets' ledgers say.
-- The ledgers are the truth: everything here but `migration_file` can be rebuilt from them. Must never hold how a target is reached.

-- A released file is for ever: its checksum may never change, which the trigger sees to whoever writes.
create table watertight_catalog.migration_file (
  name text primary key,
  position integer not null check (position > 0),
  file text not null,
  checksum text not null,
  released_at timestamptz not null default now()
);

create function watertight_catalog.keep_migration_file() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'DELETE' or new.checksum <> old.checksum or new.name <> old.name then
    raise exception using errcode = 'integrity_constraint_violation', message = 'a released migration never changes';
  end if;
  return new;
end
$$;
create trigger keep before update or delete on watertight_catalog.migration_file
  for each row execute function watertight_catalog.keep_migration_file();

create table watertight_catalog.migration_run (
  id uuid primary key,
  release text not null,
  state text not null check (state in ('running', 'paused', 'cancelled', 'incomplete', 'done')),
  reason text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index migration_run_newest on watertight_catalog.migration_run (created_at);

create table watertight_catalog.migration_target (
  run uuid not null references watertight_catalog.migration_run (id) on delete cascade,
  target text not null,
  -- the order in which they run
  number integer not null,
  wave integer not null,
  state text not null check (state in ('pending', 'done', 'failed', 'busy', 'skipped')),
  failure jsonb,
  reason text,
  duration_ms double precision,
  updated_at timestamptz not null default now(),
  primary key (run, target)
);

create table watertight_catalog.migration_mirror (
  target text not null,
  name text not null,
  position integer not null,
  duration_ms double precision not null,
  mirrored_at timestamptz not null default now(),
  primary key (target, name)
);
create index migration_mirror_name on watertight_catalog.migration_mirror (name);

create table watertight_catalog.migration_version (
  target text primary key,
  version text not null,
  mirrored_at timestamptz not null default now()
);

grant select, insert, update, delete on watertight_catalog.migration_file, watertight_catalog.migration_run, watertight_catalog.migration_target,
  watertight_catalog.migration_mirror, watertight_catalog.migration_version to :"control";
grant select on watertight_catalog.migration_file, watertight_catalog.migration_run, watertight_catalog.migration_target,
  watertight_catalog.migration_mirror, watertight_catalog.migration_version to :"auditor";
