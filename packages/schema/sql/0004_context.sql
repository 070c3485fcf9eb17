-- The tenant context: one function opens it, one reads it, everything else is theirs alone.
-- Traps this file is written around (each one has an attack in the tests):
--   * lock and fence row are TWO queries: on one snapshot rows get through a move; open is VOLATILE so that the second has its own snapshot;
--   * nothing of the token is ever cast: the planner folds a cast of a parameter before any CASE around it is asked, and the error of a failed
--     cast repeats its text. So the expiry (unix seconds, ten digits until the year 2286) is compared as text, and no error repeats a part of a token;
--   * the seal is over the BINARY pid and transaction timestamp: their text depends on TimeZone and DateStyle;
--   * search_path ends in pg_temp and every name is qualified: a temp table or domain must never run as the owner (C10, D5).

-- Why was this token refused? Only called when it was; never returns.
create function watertight.refuse_token(token text) returns void
language plpgsql stable security definer parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
declare
  body text := pg_catalog.substr(token, 65);
  k watertight.key%rowtype;
  reason text;
begin
  select * into k from watertight.key where key.kid = pg_catalog.split_part(body, '.', 1);
  if token is null or token !~ '^[0-9a-f]{64}[a-z0-9]{1,16}\.[0-9]{10}\.[0-9]{1,10}\..' then
    reason := 'malformed';
  elsif k.kid is null then
    reason := 'unknown key';
  elsif pg_catalog.left(token, 64) <> pg_catalog.encode(pg_catalog.sha256(k.app_opad || pg_catalog.sha256(k.app_ipad || pg_catalog.convert_to(body, 'UTF8'))), 'hex') then
    reason := 'bad signature';
  elsif pg_catalog.split_part(body, '.', 3) not in ('0', pg_catalog.pg_backend_pid()::text) then
    reason := 'wrong backend';
  else
    reason := 'expired';
  end if;
  raise exception using errcode = 'WT001', message = 'the tenant token was refused', detail = reason,
    hint = case reason
      when 'expired' then 'Compare the clocks of application and database, and mint a fresh token.'
      when 'wrong backend' then 'The token is bound to another connection; behind a transaction pooler mint unbound tokens.'
      when 'unknown key' then 'The application signs with a key that this database does not hold: watertight kit keys list.'
      else 'Check WATERTIGHT_KEY: watertight kit keys list.' end;
end
$$;

-- The tenant of a valid token, or WT001. For the kit's own functions; open() has its own copy of the test inside its first query.
create function watertight.token_tenant(token text) returns text
language plpgsql stable security definer parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
declare
  body text := pg_catalog.substr(token, 65);
  found_tenant text;
begin
  select pg_catalog.substr(body, 4 + pg_catalog.length(pg_catalog.split_part(body, '.', 1)) + pg_catalog.length(pg_catalog.split_part(body, '.', 2)) + pg_catalog.length(pg_catalog.split_part(body, '.', 3)))
    into found_tenant
    from watertight.key k
   where k.kid = pg_catalog.split_part(body, '.', 1)
     and case when pg_catalog.left(token, 64) = pg_catalog.encode(pg_catalog.sha256(k.app_opad || pg_catalog.sha256(k.app_ipad || pg_catalog.convert_to(body, 'UTF8'))), 'hex')
              then pg_catalog.split_part(body, '.', 2) collate "C" > pg_catalog.date_part('epoch', pg_catalog.clock_timestamp())::bigint::text
               and pg_catalog.split_part(body, '.', 3) in ('0', pg_catalog.pg_backend_pid()::text)
         end;
  if found_tenant is null then
    perform watertight.refuse_token(token);
  end if;
  return found_tenant;
end
$$;

-- Everything rare about opening: not active, isolation above READ COMMITTED, a context already there. Called with the lock held.
create function watertight.open_slowly(tenant text, kid text, seal_ipad bytea, seal_opad bytea) returns void
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
declare
  ctx text := pg_catalog.current_setting('watertight.ctx', true);
  already text;
  f record;
begin
  if ctx <> '' then
    -- forged or stale leftovers are simply replaced; only a context that is VALID in this transaction can contradict
    select pg_catalog.substr(ctx, 66 + pg_catalog.length(k.kid)) into already
      from watertight.key k
     where k.kid = pg_catalog.split_part(pg_catalog.substr(ctx, 65), '.', 1)
       and pg_catalog.left(ctx, 64) = pg_catalog.encode(pg_catalog.sha256(k.seal_opad || pg_catalog.sha256(k.seal_ipad
             || pg_catalog.int4send(pg_catalog.pg_backend_pid()) || pg_catalog.timestamptz_send(pg_catalog.transaction_timestamp())
             || pg_catalog.convert_to(pg_catalog.substr(ctx, 66 + pg_catalog.length(k.kid)), 'UTF8'))), 'hex');
    if already <> open_slowly.tenant then
      raise exception using errcode = 'WT003', message = 'a second tenant was opened in one transaction',
        hint = 'One transaction serves one tenant: end it before the next tenant''s work begins.';
    end if;
  end if;
  if pg_catalog.current_setting('transaction_isolation') <> 'read committed'
     and (select e.last_value > s.value from watertight.epoch e, watertight.epoch_seen s) then
    raise exception using errcode = '40001', constraint = 'watertight_epoch',
      message = 'this snapshot is older than the last move of a tenant', hint = 'Retry the transaction.';
  end if;
  select x.state, x.goto, x.statement_timeout_ms into f from watertight.fence x where x.tenant = open_slowly.tenant;
  if f.state is distinct from 'active' then
    raise exception using errcode = 'WT002', message = 'this tenant is not served in this database',
      detail = pg_catalog.jsonb_build_object('state', coalesce(f.state, 'unknown'), 'goto', f.goto)::text,
      hint = 'Ask the catalog where the tenant is served, or register it: watertight kit tenants add.';
  end if;
  perform pg_catalog.set_config('watertight.ctx',
    pg_catalog.encode(pg_catalog.sha256(seal_opad || pg_catalog.sha256(seal_ipad
      || pg_catalog.int4send(pg_catalog.pg_backend_pid()) || pg_catalog.timestamptz_send(pg_catalog.transaction_timestamp())
      || pg_catalog.convert_to(open_slowly.tenant, 'UTF8'))), 'hex') || open_slowly.kid || '.' || open_slowly.tenant, true);
  if f.statement_timeout_ms is not null then
    perform pg_catalog.set_config('statement_timeout', f.statement_timeout_ms::text, true);
  end if;
end
$$;

-- Raised where a context is needed and none is open; a function so that it can stand inside an expression.
create function watertight.no_context() returns text
language plpgsql stable parallel restricted
set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception using errcode = 'WT004', message = 'no tenant context is open in this transaction',
    hint = 'Send the query through the Watertight runtime, or open the context first: select watertight.open(token).';
end
$$;

revoke all on all functions in schema watertight from public;
