-- Levels sealed and hostile: the context is a value that only these functions can make, good for one backend and one transaction.

create or replace function watertight.open(token text) returns void
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_kid text;
  v_tenant text;
  v_ipad bytea;
  v_opad bytea;
  v_done boolean;
begin
  -- Query 1: is the token good? then the tenant's shared lock. The lock stands in the select list: it is taken for a verified row only.
  select k.kid, k.seal_ipad, k.seal_opad, b.tenant, pg_catalog.pg_advisory_xact_lock_shared(watertight.lock_key(b.tenant)) is null
    into v_kid, v_ipad, v_opad, v_tenant, v_done
    from (select pg_catalog.substr(token, 65) as body) t
   cross join lateral (select pg_catalog.split_part(t.body, '.', 1) as kid, pg_catalog.split_part(t.body, '.', 2) as expires, pg_catalog.split_part(t.body, '.', 3) as pid) p
   cross join lateral (select pg_catalog.substr(t.body, 4 + pg_catalog.length(p.kid) + pg_catalog.length(p.expires) + pg_catalog.length(p.pid)) as tenant) b
    join watertight.key k on k.kid = p.kid
   where case when pg_catalog.left(token, 64) = pg_catalog.encode(pg_catalog.sha256(k.app_opad || pg_catalog.sha256(k.app_ipad || pg_catalog.convert_to(t.body, 'UTF8'))), 'hex')
              then p.expires collate "C" > pg_catalog.date_part('epoch', pg_catalog.clock_timestamp())::bigint::text
               and p.pid in ('0', pg_catalog.pg_backend_pid()::text)
         end;
  if v_kid is null then
    perform watertight.refuse_token(token);
  end if;
  -- Query 2, on its own snapshot taken after the lock: the fence row, then the seal.
  select pg_catalog.set_config('watertight.ctx',
           pg_catalog.encode(pg_catalog.sha256(v_opad || pg_catalog.sha256(v_ipad
             || pg_catalog.int4send(pg_catalog.pg_backend_pid()) || pg_catalog.timestamptz_send(pg_catalog.transaction_timestamp())
             || pg_catalog.convert_to(v_tenant, 'UTF8'))), 'hex') || v_kid || '.' || v_tenant, true) is not null
    into v_done
    from watertight.fence f
   where f.tenant = v_tenant
     and f.state = 'active'
     and f.statement_timeout_ms is null
     and pg_catalog.current_setting('transaction_isolation') = 'read committed'
     and coalesce(pg_catalog.current_setting('watertight.ctx', true), '') = '';
  if v_done is not true then
    perform watertight.open_slowly(v_tenant, v_kid, v_ipad, v_opad);
  end if;
end
$$;

create or replace function watertight.tenant_id() returns text
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select case when k.kid is not null
                 and pg_catalog.left(c.ctx, 64) = pg_catalog.encode(pg_catalog.sha256(k.seal_opad || pg_catalog.sha256(k.seal_ipad
                       || pg_catalog.int4send(pg_catalog.pg_backend_pid()) || pg_catalog.timestamptz_send(pg_catalog.transaction_timestamp())
                       || pg_catalog.convert_to(pg_catalog.substr(c.ctx, 66 + pg_catalog.length(k.kid)), 'UTF8'))), 'hex')
                then pg_catalog.substr(c.ctx, 66 + pg_catalog.length(k.kid))
                else watertight.no_context() end
      from (select pg_catalog.current_setting('watertight.ctx', true) as ctx) c
      left join watertight.key k on k.kid = pg_catalog.split_part(pg_catalog.substr(c.ctx, 65), '.', 1));
end
$$;

-- The same for observe mode, which must never stop a statement.
create or replace function watertight.tenant_id_or_null() returns text
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select pg_catalog.substr(c.ctx, 66 + pg_catalog.length(k.kid))
      from (select pg_catalog.current_setting('watertight.ctx', true) as ctx) c
      join watertight.key k on k.kid = pg_catalog.split_part(pg_catalog.substr(c.ctx, 65), '.', 1)
     where pg_catalog.left(c.ctx, 64) = pg_catalog.encode(pg_catalog.sha256(k.seal_opad || pg_catalog.sha256(k.seal_ipad
             || pg_catalog.int4send(pg_catalog.pg_backend_pid()) || pg_catalog.timestamptz_send(pg_catalog.transaction_timestamp())
             || pg_catalog.convert_to(pg_catalog.substr(c.ctx, 66 + pg_catalog.length(k.kid)), 'UTF8'))), 'hex'));
end
$$;

-- Who speaks? For the kit's own functions that are told a token instead of standing in a context.
create or replace function watertight.caller_tenant(token text) returns text
language sql stable security definer parallel unsafe
set search_path = pg_catalog, pg_temp
as $$ select watertight.token_tenant(token) $$;

revoke all on function watertight.open(text), watertight.tenant_id(), watertight.tenant_id_or_null(), watertight.caller_tenant(text) from public;
grant execute on function watertight.open(text), watertight.tenant_id(), watertight.tenant_id_or_null() to :"app", :"readonly", :"control", :"migrator";
