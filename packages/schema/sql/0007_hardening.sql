-- Rights that the kit took from PUBLIC, with what stood there before, so that uninstall can give back exactly that.
create table watertight.hardening (
  object text primary key,
  step text not null,
  -- GRANT statements, run by uninstall, that restore the effective rights of before
  undo text[] not null,
  done_by name not null default session_user,
  done_at timestamptz not null default now()
);
comment on table watertight.hardening is 'Rights revoked by the Watertight kit and the statements that give them back.';
revoke all on watertight.hardening from public;
grant select on watertight.hardening to :"control", :"migrator";
