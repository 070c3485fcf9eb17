-- What the kit knows of itself: which numbered files ran here, and its settings.
-- Must never hold a secret: settings are read by `handshake`, which the application role may call.
create table watertight.migration (
  number integer primary key check (number > 0),
  name text not null,
  checksum text not null,
  applied_at timestamptz not null default now()
);
comment on table watertight.migration is 'Numbered SQL files of the Watertight kit that ran in this database.';

create table watertight.setting (
  name text primary key,
  value text not null
);
comment on table watertight.setting is 'Level and role names of this installation.';

revoke all on watertight.migration, watertight.setting from public;
