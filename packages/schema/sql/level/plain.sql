-- Level plain: the context is an ordinary setting. It stops honest mistakes; whoever can run SQL as the application role can set it (C8).

-- With lock and fence, for callers that want moves to be safe at this level too. The runtime sends the bare set_config instead.
-- The "token" is the tenant id itself in UTF-8.
create or replace function watertight.open(token bytea) returns void
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_tenant text := pg_catalog.convert_from(token, 'UTF8');
  accepts text := nullif(pg_catalog.current_setting('watertight.accepts', true), '');
  f record;
begin
  perform pg_catalog.pg_advisory_xact_lock_shared(watertight.lock_key(v_tenant));
  if pg_catalog.current_setting('transaction_isolation') <> 'read committed'
     and (select e.last_value > s.value from watertight.epoch e, watertight.epoch_seen s) then
    raise exception using errcode = '40001', constraint = 'watertight_epoch',
      message = 'this snapshot is older than the last move of a tenant', hint = 'Retry the transaction.';
  end if;
  select x.state, x.goto, x.schema_version, x.schema_position into f from watertight.fence x where x.tenant = v_tenant;
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
  if coalesce(nullif(pg_catalog.current_setting('watertight.tenant', true), ''), v_tenant) <> v_tenant then
    raise exception using errcode = 'WT003', message = 'a second tenant was opened in one transaction',
      hint = 'One transaction serves one tenant: end it before the next tenant''s work begins.';
  end if;
  perform pg_catalog.set_config('watertight.tenant', v_tenant, true);
end
$$;

-- `language sql` without SET and without SECURITY DEFINER, so that the planner inlines it; nullif, because after a local set the value reads ''.
create or replace function watertight.tenant_id() returns text
language sql stable parallel safe
as $$ select nullif(pg_catalog.current_setting('watertight.tenant', true), '') $$;
alter function watertight.tenant_id() security invoker reset all;

create or replace function watertight.tenant_id_or_null() returns text
language sql stable parallel safe
as $$ select nullif(pg_catalog.current_setting('watertight.tenant', true), '') $$;
alter function watertight.tenant_id_or_null() security invoker reset all;

create or replace function watertight.caller_tenant(token bytea) returns text
language sql stable parallel unsafe
set search_path = pg_catalog, pg_temp
as $$ select pg_catalog.convert_from(token, 'UTF8') $$;
alter function watertight.caller_tenant(bytea) security definer;

revoke all on function watertight.open(bytea), watertight.tenant_id(), watertight.tenant_id_or_null(), watertight.caller_tenant(bytea) from public;
grant execute on function watertight.open(bytea), watertight.tenant_id(), watertight.tenant_id_or_null() to :"app", :"readonly", :"control", :"migrator";
