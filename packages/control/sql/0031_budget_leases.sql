-- Shares of a cell's connections: who may change which lease, and how much may be leased at all. Applications connect as the router role, which
-- had the whole table: one of them could delete another's lease and take its share, and the sum was what all of them said it was. Now they have
-- two functions: a lease is changed by whoever knows its secret, and what is written is never more than what is free. How it is shared fairly is
-- the runtime's rule (grantLease); that the sum stays within the budget is this file's.
delete from watertight_catalog.budget_lease;
alter table watertight_catalog.budget_lease drop constraint budget_lease_share_check;
alter table watertight_catalog.budget_lease
  add column held integer not null check (held >= 0),
  add column wanted integer not null check (wanted >= 0),
  add column instances integer not null check (instances between 1 and 10000),
  add column secret bytea not null,
  add check (share >= 0);
comment on column watertight_catalog.budget_lease.held is 'Connections that the instance had when it asked, or may have until it has read the answer.';
comment on column watertight_catalog.budget_lease.instances is 'Most instances at once, as its holder knows it: any of them may be cut off, and lives on its static share.';
comment on column watertight_catalog.budget_lease.secret is 'SHA-256 of what the instance must tell to change its lease.';
revoke all on watertight_catalog.budget_lease from :"router", :"control";
grant select on watertight_catalog.budget_lease to :"control", :"auditor";

-- One at a time for each cell, to the end of the caller's transaction.
create function watertight_catalog.lock_leases(cell text) returns integer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  budget integer;
begin
  -- the cell's row and no advisory lock: those can be taken, and kept, by every role that connects
  select c.connection_budget into budget from watertight_catalog.cell c where c.id = lock_leases.cell for no key update;
  if budget is null then
    raise exception using errcode = 'no_data_found', message = 'there is no cell of that id';
  end if;
  return budget;
end
$$;

-- What grantLease is asked with, as one document: budget, now and leases, times in milliseconds of this server's clock.
create function watertight_catalog.read_leases(cell text) returns jsonb
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  budget integer := watertight_catalog.lock_leases(read_leases.cell);
begin
  return pg_catalog.jsonb_build_object('budget', budget, 'now', pg_catalog.date_part('epoch', pg_catalog.clock_timestamp()) * 1000,
    'entries', (select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('instance', l.instance, 'share', l.share, 'held', l.held, 'wanted', l.wanted,
                  'until', pg_catalog.date_part('epoch', l.lease_until) * 1000)), '[]') from watertight_catalog.budget_lease l where l.cell = read_leases.cell));
end
$$;

-- Writes a lease after read_leases, in the same transaction. A lease is believed in for ten seconds longer than its holder does.
create function watertight_catalog.write_lease(cell text, instance text, secret text, share integer, held integer, wanted integer, instances integer, ttl_ms integer) returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  budget integer := watertight_catalog.lock_leases(write_lease.cell);
  grace constant interval := interval '10 s';
  digest bytea := pg_catalog.sha256(pg_catalog.convert_to(write_lease.secret, 'UTF8'));
  others record;
  free bigint;
begin
  if pg_catalog.octet_length(write_lease.instance) not between 1 and 200 or pg_catalog.octet_length(write_lease.secret) not between 16 and 200
     or write_lease.ttl_ms not between 100 and 300000 then
    raise exception using errcode = 'invalid_parameter_value', message = 'instance, secret or ttl_ms is not accepted';
  end if;
  delete from watertight_catalog.budget_lease l where l.cell = write_lease.cell and l.lease_until + grace <= pg_catalog.clock_timestamp();
  if exists (select from watertight_catalog.budget_lease l where l.cell = write_lease.cell and l.instance = write_lease.instance and l.secret <> digest) then
    raise exception using errcode = 'insufficient_privilege', message = 'this lease belongs to another process of that name';
  end if;
  select pg_catalog.count(*) as n, coalesce(pg_catalog.sum(greatest(l.share, l.held)), 0) as taken, pg_catalog.bool_or(l.instances <> write_lease.instances) as differ into others
    from watertight_catalog.budget_lease l where l.cell = write_lease.cell and l.instance <> write_lease.instance;
  if others.differ then
    raise exception using errcode = 'invalid_parameter_value', message = 'instances of the application disagree on how many they are at most';
  end if;
  free := budget - others.taken - greatest(0, write_lease.instances - others.n - 1) * least(greatest(1, budget / (2 * write_lease.instances)), budget);
  if write_lease.share > greatest(0, free) then
    raise exception using errcode = 'insufficient_privilege', message = 'more connections than are free';
  end if;
  insert into watertight_catalog.budget_lease (cell, instance, share, held, wanted, instances, secret, lease_until)
  values (write_lease.cell, write_lease.instance, write_lease.share, write_lease.held, write_lease.wanted, write_lease.instances, digest,
          pg_catalog.clock_timestamp() + write_lease.ttl_ms * interval '1 ms')
  on conflict on constraint budget_lease_pkey do update set share = excluded.share, held = excluded.held, wanted = excluded.wanted, instances = excluded.instances, lease_until = excluded.lease_until;
end
$$;

-- Gives a lease back; that of somebody else stays.
create function watertight_catalog.end_lease(cell text, instance text, secret text) returns void
language sql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
  delete from watertight_catalog.budget_lease l
   where l.cell = end_lease.cell and l.instance = end_lease.instance and l.secret = pg_catalog.sha256(pg_catalog.convert_to(end_lease.secret, 'UTF8'))
$$;

revoke all on function watertight_catalog.lock_leases(text), watertight_catalog.read_leases(text),
  watertight_catalog.write_lease(text, text, text, integer, integer, integer, integer, integer), watertight_catalog.end_lease(text, text, text) from public;
grant execute on function watertight_catalog.read_leases(text), watertight_catalog.write_lease(text, text, text, integer, integer, integer, integer, integer),
  watertight_catalog.end_lease(text, text, text) to :"router";
