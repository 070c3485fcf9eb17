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

-- The serving gate: an application declares which positions of the list of migrations it can work with, as a range in a setting of its session
-- (watertight.accepts, for example [42,45]; a startup parameter or ALTER ROLE … SET), and `open` refuses a tenant outside of it. Without a
-- declaration every version is served. It is for honest deployments: whoever can run SQL can change the setting, and gains no row by it.
alter table watertight.fence add column schema_position integer generated always as
  (case when schema_version ~ '^[0-9]{1,9}(-|$)' then pg_catalog.split_part(schema_version, '-', 1)::integer end) stored;
comment on column watertight.fence.schema_position is 'The number in front of schema_version: how far the tenant is in the list of migrations.';

create or replace function watertight.open_slowly(tenant text) returns void
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
declare
  ctx text := pg_catalog.current_setting('watertight.ctx', true);
  accepts text := nullif(pg_catalog.current_setting('watertight.accepts', true), '');
  f record;
begin
  -- forged or stale leftovers are simply replaced; only a context that is VALID in this transaction can contradict
  if pg_catalog.substr(ctx, 65) <> open_slowly.tenant and ctx = watertight.seal_of(pg_catalog.substr(ctx, 65)) then
    raise exception using errcode = 'WT003', message = 'a second tenant was opened in one transaction',
      hint = 'One transaction serves one tenant: end it before the next tenant''s work begins.';
  end if;
  if pg_catalog.current_setting('transaction_isolation') <> 'read committed'
     and (select e.last_value > s.value from watertight.epoch e, watertight.epoch_seen s) then
    raise exception using errcode = '40001', constraint = 'watertight_epoch',
      message = 'this snapshot is older than the last move of a tenant', hint = 'Retry the transaction.';
  end if;
  select x.state, x.goto, x.statement_timeout_ms, x.schema_version, x.schema_position into f from watertight.fence x where x.tenant = open_slowly.tenant;
  if f.state is distinct from 'active' then
    raise exception using errcode = 'WT002', message = 'this tenant is not served in this database',
      detail = pg_catalog.jsonb_build_object('state', coalesce(f.state, 'unknown'), 'goto', f.goto)::text,
      hint = 'Ask the catalog where the tenant is served, or register it: watertight kit tenants add.';
  end if;
  if accepts is not null and not coalesce(f.schema_position <@ accepts::pg_catalog.int4range, false) then
    raise exception using errcode = 'WT002', message = 'this application does not serve the tenant''s schema version',
      detail = pg_catalog.jsonb_build_object('state', 'version', 'goto', null, 'version', f.schema_version, 'accepts', accepts)::text,
      hint = 'Migrate the tenant, or deploy the version of the application that serves it.';
  end if;
  perform pg_catalog.set_config('watertight.ctx', watertight.seal_of(open_slowly.tenant), true);
  if f.statement_timeout_ms is not null then
    perform pg_catalog.set_config('statement_timeout', f.statement_timeout_ms::text, true);
  end if;
end
$$;
revoke all on function watertight.open_slowly(text) from public;
