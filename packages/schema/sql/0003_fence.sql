-- The fence: which tenants are served in this database. One row a tenant; no row means "unknown here", which is refused.
-- Invariants (their tests: fence.db.test.ts): a location's own fence is the truth, the catalog is a cache; the epoch sequence is never behind
-- `epoch_seen` when a tenant's lock is released (setval first, commit second).
create table watertight.fence (
  tenant text collate "C" primary key check (octet_length(tenant) between 1 and 200),
  state text not null default 'active' check (state in ('incoming', 'active', 'suspended', 'maintenance', 'moving', 'moved', 'deleted')),
  epoch bigint not null default 0,
  goto text,
  schema_version text,
  statement_timeout_ms integer check (statement_timeout_ms > 0),
  updated_at timestamptz not null default now(),
  -- the ordinary case in one column: each function call saved in watertight.open is saved on every query
  plain_sailing boolean not null generated always as (state = 'active' and statement_timeout_ms is null) stored
);
comment on table watertight.fence is 'Tenants of this database; watertight.open refuses every tenant that is not active here.';
comment on column watertight.fence.goto is 'Location (JSON text) where a moved tenant is served now; handed to the runtime, which re-routes.';
alter table watertight.fence set (parallel_workers = 0);

-- Sequences are not MVCC: a snapshot taken before a move sees the old row but the new sequence value. The difference is what tells a
-- REPEATABLE READ or SERIALIZABLE transaction that its snapshot is too old to trust the fence row.
create sequence watertight.epoch as bigint;
create table watertight.epoch_seen (
  only_row boolean primary key default true check (only_row),
  value bigint not null
);
alter table watertight.epoch_seen set (parallel_workers = 0);
insert into watertight.epoch_seen (value) select last_value from watertight.epoch;
revoke all on watertight.fence, watertight.epoch_seen from public;
revoke all on sequence watertight.epoch from public;

-- 64-bit lock key of a tenant. A collision only makes two tenants wait for each other's moves.
create function watertight.lock_key(tenant text) returns bigint
language sql immutable parallel safe
set search_path = pg_catalog, pg_temp
return pg_catalog.hashtextextended(tenant, 7071);

-- Registers a tenant here; a second call changes nothing. A deleted tenant never comes back under the same id.
create function watertight.register_tenant(tenant text) returns void
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
begin
  insert into watertight.fence as f (tenant) values (register_tenant.tenant) on conflict do nothing;
  if exists (select from watertight.fence f where f.tenant = register_tenant.tenant and f.state = 'deleted') then
    raise exception using errcode = 'WT005', message = 'this tenant id was deleted here and cannot be registered again',
      hint = 'Give the new tenant a new id.';
  end if;
end
$$;

-- The sequence moves at the very end of the mover's transaction: whatever rolls back before (an unknown tenant, the application's own ROLLBACK
-- after a delete in its table of tenants) leaves it alone. Moved in the middle, every such rollback would leave it ahead of epoch_seen, and every
-- REPEATABLE READ transaction of every tenant would get 40001 until the next move (Q2).
create function watertight.raise_epoch() returns trigger
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
begin
  perform pg_catalog.setval('watertight.epoch', new.value);
  return null;
end
$$;
create constraint trigger raise_epoch after update on watertight.epoch_seen
  deferrable initially deferred for each row execute function watertight.raise_epoch();

-- Changes a tenant's state: waits for its running transactions (they hold the shared lock), then flips the row and raises the epoch.
-- The caller sets lock_timeout; without one a long transaction of the tenant holds up everything behind this call.
create function watertight.set_tenant_state(tenant text, state text, goto text default null) returns void
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
declare
  next bigint;
begin
  perform pg_catalog.pg_advisory_xact_lock(watertight.lock_key(set_tenant_state.tenant));
  -- one epoch row: concurrent flips of different tenants queue here, so that the sequence and the row never cross; `greatest`, because a
  -- crash between setval and commit leaves the sequence ahead, and this levels it
  -- (a sub-select: UPDATE … FROM a sequence is refused, it would lock the sequence's row)
  update watertight.epoch_seen s set value = greatest(s.value, (select e.last_value from watertight.epoch e)) + 1 returning s.value into next;
  update watertight.fence f
     set state = set_tenant_state.state, goto = set_tenant_state.goto, epoch = next, updated_at = pg_catalog.now()
   where f.tenant = set_tenant_state.tenant and f.state <> 'deleted';
  if not found then
    raise exception using errcode = 'WT002', message = 'this tenant is not registered in this database',
      hint = 'Register it first: select watertight.register_tenant(...)';
  end if;
end
$$;

-- For a trigger on the table of tenants (its id column as argument): new rows are registered, deleted rows are fenced off.
create function watertight.follow_tenants() returns trigger
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'INSERT' then
    perform watertight.register_tenant(pg_catalog.to_jsonb(new) ->> tg_argv[0]);
  elsif tg_op = 'DELETE' then
    perform watertight.set_tenant_state(pg_catalog.to_jsonb(old) ->> tg_argv[0], 'deleted');
  elsif (pg_catalog.to_jsonb(new) ->> tg_argv[0]) is distinct from (pg_catalog.to_jsonb(old) ->> tg_argv[0]) then
    raise exception using errcode = 'WT005', message = 'a tenant id is for ever: it may not be updated';
  end if;
  return null;
end
$$;

revoke all on all functions in schema watertight from public;
grant execute on function watertight.register_tenant(text), watertight.set_tenant_state(text, text, text) to :"control", :"migrator";
