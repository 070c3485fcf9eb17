-- The tenant context: one function opens it, one reads it, everything else is theirs alone.
-- Traps this file is written around (each one has an attack in the tests):
--   * lock and fence row are TWO queries: on one snapshot rows get through a move; open is VOLATILE so that the second has its own snapshot;
--   * nothing of the token is cast to a type that can refuse it: the planner folds a cast of a parameter before any CASE around it is asked,
--     and the error of a failed cast repeats its text. So the token is bytes, compared as bytes, and no error repeats a part of a good one;
--   * no variable ever holds a pad: a variable becomes a constant of the plan, and debug_print_plan prints it (Q1);
--   * no backslash in a literal: with standard_conforming_strings off it means something else (and the caller's setting counts);
--   * the seal is over the BINARY pid and transaction timestamp: their text depends on TimeZone and DateStyle;
--   * search_path ends in pg_temp and every name is qualified: a temp table or domain must never run as the owner (C10, D5).
--
-- Token: 32 bytes HMAC-SHA256 over the rest | 8 bytes expiry, unix seconds, big-endian | 4 bytes backend pid, 0 for any | 4 bytes key id | tenant in UTF-8.
-- Fixed positions, because every function call in these statements costs about half a microsecond on every query of every tenant.

-- Why was this token refused? Only called when it was; never returns.
create function watertight.refuse_token(token bytea) returns void
language plpgsql stable security definer parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
declare
  reason text;
begin
  if token is null or pg_catalog.length(token) not between 49 and 248 then
    reason := 'malformed';
  elsif not exists (select from watertight.key k where k.kid_bytes = pg_catalog.substr(token, 45, 4)) then
    reason := 'unknown key';
  elsif not exists (select from watertight.key k
                     where k.kid_bytes = pg_catalog.substr(token, 45, 4)
                       and pg_catalog.substr(token, 1, 32) = pg_catalog.sha256(k.app_opad || pg_catalog.sha256(k.app_ipad || pg_catalog.substr(token, 33)))) then
    reason := 'bad signature';
  elsif pg_catalog.substr(token, 41, 4) not in (pg_catalog.int4send(0), pg_catalog.int4send(pg_catalog.pg_backend_pid())) then
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
create function watertight.token_tenant(token bytea) returns text
language plpgsql stable security definer parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
declare
  found_tenant text;
begin
  select pg_catalog.convert_from(pg_catalog.substr(token, 49), 'UTF8')
    into found_tenant
    from watertight.key k
   where k.kid_bytes = pg_catalog.substr(token, 45, 4)
     and pg_catalog.substr(token, 1, 32) = pg_catalog.sha256(k.app_opad || pg_catalog.sha256(k.app_ipad || pg_catalog.substr(token, 33)))
     and pg_catalog.substr(token, 33, 8) > pg_catalog.int8send(pg_catalog.date_part('epoch', pg_catalog.clock_timestamp())::bigint)
     and pg_catalog.substr(token, 41, 4) in (pg_catalog.int4send(0), pg_catalog.int4send(pg_catalog.pg_backend_pid()));
  if not found then
    perform watertight.refuse_token(token);
  end if;
  return found_tenant;
end
$$;

-- The seal of a tenant for this backend and this transaction, with the tenant behind it: the value of the setting watertight.ctx.
create function watertight.seal_of(tenant text) returns text
language sql stable security definer parallel restricted
set search_path = pg_catalog, pg_temp
as $$
  select pg_catalog.encode(pg_catalog.sha256(s.opad || pg_catalog.sha256(s.ipad || pg_catalog.int4send(pg_catalog.pg_backend_pid())
    || pg_catalog.timestamptz_send(pg_catalog.transaction_timestamp()) || pg_catalog.convert_to(tenant, 'UTF8'))), 'hex') || tenant
    from watertight.seal s
$$;

-- Everything rare about opening: not active, isolation above READ COMMITTED, a context already there. Called with the lock held.
create function watertight.open_slowly(tenant text) returns void
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
declare
  ctx text := pg_catalog.current_setting('watertight.ctx', true);
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
  select x.state, x.goto, x.statement_timeout_ms into f from watertight.fence x where x.tenant = open_slowly.tenant;
  if f.state is distinct from 'active' then
    raise exception using errcode = 'WT002', message = 'this tenant is not served in this database',
      detail = pg_catalog.jsonb_build_object('state', coalesce(f.state, 'unknown'), 'goto', f.goto)::text,
      hint = 'Ask the catalog where the tenant is served, or register it: watertight kit tenants add.';
  end if;
  perform pg_catalog.set_config('watertight.ctx', watertight.seal_of(open_slowly.tenant), true);
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
