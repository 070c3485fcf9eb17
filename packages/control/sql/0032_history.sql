-- Delivery is told of at once, and what is over goes after a while. Must never remove a record of the audit log, a certificate, or anything that
-- is still to be delivered, resumed or cleaned up.
create function watertight_catalog.delivery_written() returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform pg_catalog.pg_notify('watertight_outbox', '');
  return null;
end
$$;
create trigger delivery_written after insert on watertight_catalog.delivery
  for each statement execute function watertight_catalog.delivery_written();
create index outbox_age on watertight_catalog.outbox (written_at);
create index operation_finished on watertight_catalog.operation (finished_at) where state in ('succeeded', 'failed', 'cancelled');

-- One batch of what is older than `keep`; answers what went. The control role cannot delete any of this by itself.
create function watertight_catalog.purge_history(keep interval, most integer) returns jsonb
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  before timestamptz := pg_catalog.clock_timestamp() - purge_history.keep;
  events bigint[];
  operations text[];
begin
  if purge_history.keep < interval '1 day' or purge_history.most not between 1 and 100000 then
    raise exception using errcode = 'invalid_parameter_value', message = 'history is kept for a day at least, and goes in batches of 1 to 100000';
  end if;
  select coalesce(pg_catalog.array_agg(x.id), '{}') into events from (
    select o.id from watertight_catalog.outbox o
     where o.written_at < before
       and not exists (select from watertight_catalog.delivery d join watertight_catalog.webhook w on w.id = d.webhook
                        where d.event = o.id and d.delivered_at is null and not d.given_up and w.active)
     order by o.written_at limit purge_history.most for update skip locked) x;
  delete from watertight_catalog.delivery d where d.event = any (events);
  delete from watertight_catalog.outbox o where o.id = any (events);
  select coalesce(pg_catalog.array_agg(x.id), '{}') into operations from (
    select p.id from watertight_catalog.operation p
     where p.state in ('succeeded', 'failed', 'cancelled') and not p.unfinished and p.finished_at < before
       -- its text is nowhere else
       and not p.output ? 'certificate'
       and not exists (select from watertight_catalog.cleanup c where c.operation = p.id and c.settled_at is null)
     order by p.finished_at limit purge_history.most for update skip locked) x;
  delete from watertight_catalog.cleanup c where c.operation = any (operations);
  -- steps and events go with it
  delete from watertight_catalog.operation p where p.id = any (operations);
  return pg_catalog.jsonb_build_object('events', pg_catalog.cardinality(events), 'operations', pg_catalog.cardinality(operations));
end
$$;

revoke all on function watertight_catalog.delivery_written(), watertight_catalog.purge_history(interval, integer) from public;
grant execute on function watertight_catalog.purge_history(interval, integer) to :"control";
