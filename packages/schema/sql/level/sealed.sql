-- Levels sealed and hostile: the context is a value that only these functions can make, good for one backend and one transaction.

create or replace function watertight.open(token bytea) returns void
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_tenant text;
  v_void text;
begin
  -- Query 1: is the token good? then the tenant's shared lock. The lock stands in the select list: it is taken for a verified row only.
  select pg_catalog.convert_from(pg_catalog.substr(token, 49), 'UTF8'),
         -- watertight.lock_key, written out: a function with a SET clause is never inlined
         pg_catalog.pg_advisory_xact_lock_shared(pg_catalog.hashtextextended(pg_catalog.convert_from(pg_catalog.substr(token, 49), 'UTF8'), 7071))
    into v_tenant, v_void
    from watertight.key k
   where k.kid_bytes = pg_catalog.substr(token, 45, 4)
     and pg_catalog.substr(token, 1, 32) = pg_catalog.sha256(k.app_opad || pg_catalog.sha256(k.app_ipad || pg_catalog.substr(token, 33)))
     and pg_catalog.substr(token, 33, 8) > pg_catalog.int8send(pg_catalog.date_part('epoch', pg_catalog.clock_timestamp())::bigint)
     and pg_catalog.substr(token, 41, 4) in (pg_catalog.int4send(0), pg_catalog.int4send(pg_catalog.pg_backend_pid()));
  if not found then
    perform watertight.refuse_token(token);
  end if;
  -- Query 2, on its own snapshot taken after the lock: the fence row, then the seal (watertight.seal_of, written out).
  -- The setting is NULL on a connection that never opened a context and '' after the first one: NULL takes the slow path, once.
  select pg_catalog.set_config('watertight.ctx',
           pg_catalog.encode(pg_catalog.sha256(s.opad || pg_catalog.sha256(s.ipad || pg_catalog.int4send(pg_catalog.pg_backend_pid())
             || pg_catalog.timestamptz_send(pg_catalog.transaction_timestamp()) || pg_catalog.convert_to(v_tenant, 'UTF8'))), 'hex') || v_tenant, true)
    into v_void
    from watertight.fence f cross join watertight.seal s
   where f.tenant = v_tenant
     and f.plain_sailing
     and pg_catalog.current_setting('transaction_isolation') || pg_catalog.current_setting('watertight.ctx', true) = 'read committed'
     -- the serving gate: nothing declared, or in the range; nullif in both, because the planner looks at either side first
     and (nullif(pg_catalog.current_setting('watertight.accepts', true), '') is null
          or f.schema_position <@ nullif(pg_catalog.current_setting('watertight.accepts', true), '')::pg_catalog.int4range);
  if not found then
    perform watertight.open_slowly(v_tenant);
  end if;
end
$$;

create or replace function watertight.tenant_id() returns text
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select case when pg_catalog.left(pg_catalog.current_setting('watertight.ctx', true), 64)
                   = pg_catalog.encode(pg_catalog.sha256(s.opad || pg_catalog.sha256(s.ipad || pg_catalog.int4send(pg_catalog.pg_backend_pid())
                       || pg_catalog.timestamptz_send(pg_catalog.transaction_timestamp())
                       || pg_catalog.convert_to(pg_catalog.substr(pg_catalog.current_setting('watertight.ctx', true), 65), 'UTF8'))), 'hex')
                then pg_catalog.substr(pg_catalog.current_setting('watertight.ctx', true), 65)
                else watertight.no_context() end
      from watertight.seal s);
end
$$;

-- The same for observe mode, which must never stop a statement.
create or replace function watertight.tenant_id_or_null() returns text
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, pg_temp
as $$
declare
  ctx text := pg_catalog.current_setting('watertight.ctx', true);
begin
  return (select pg_catalog.substr(ctx, 65) where ctx = watertight.seal_of(pg_catalog.substr(ctx, 65)));
end
$$;

-- Who speaks? For the kit's own functions that are told a token instead of standing in a context.
create or replace function watertight.caller_tenant(token bytea) returns text
language sql stable security definer parallel unsafe
set search_path = pg_catalog, pg_temp
as $$ select watertight.token_tenant(token) $$;

revoke all on function watertight.open(bytea), watertight.tenant_id(), watertight.tenant_id_or_null(), watertight.caller_tenant(bytea) from public;
grant execute on function watertight.open(bytea), watertight.tenant_id(), watertight.tenant_id_or_null() to :"app", :"readonly", :"control", :"migrator";
