-- Releases as the control plane keeps them: each row holds the files that are new in it, with what runs of them, so that any worker can make a
-- place at this version and any machine can bring others to it. A release's version is the number of files up to its end: what a place's fence
-- and ledger count in. Nobody changes a release, also not the owner by mistake.
create function watertight_catalog.keep_release() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception using errcode = 'integrity_constraint_violation', message = 'a release never changes';
end
$$;
create trigger keep before update or delete or truncate on watertight_catalog.release
  for each statement execute function watertight_catalog.keep_release();
comment on column watertight_catalog.release.version is 'How many files there are up to the end of this release.';
comment on column watertight_catalog.release.name is 'What its files are together: the same content has the same name.';
comment on column watertight_catalog.release.files is 'The files that came with this release; those before it are in the earlier rows.';

-- the memory of files and runs is each service's own
alter table watertight_catalog.migration_file
  add column service text not null default 'main' references watertight_catalog.service,
  drop constraint migration_file_pkey,
  add primary key (service, name);
alter table watertight_catalog.migration_run
  add column service text not null default 'main' references watertight_catalog.service;
create index migration_run_of on watertight_catalog.migration_run (service, created_at desc);

-- Who works on cells with the provisioner's role for migrations, and is still there: its sessions carry the id. A session without one is somebody
-- with the password (provisioner-alarms.ts).
create table watertight_catalog.migration_session (
  id text primary key,
  actor text not null,
  purpose text not null check (purpose in ('plan', 'apply', 'drift')),
  began_at timestamptz not null default clock_timestamp(),
  alive_until timestamptz not null,
  ended_at timestamptz
);
create index migration_session_live on watertight_catalog.migration_session (alive_until) where ended_at is null;

revoke all on function watertight_catalog.keep_release() from public;
grant select, insert, update on watertight_catalog.migration_session to :"control";
grant select on watertight_catalog.migration_session to :"auditor";
