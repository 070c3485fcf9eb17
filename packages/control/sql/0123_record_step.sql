-- What the catalog keeps of a step, in one call that does nothing without the lease: a step is done or undone, the next one begins, audit records
-- that waited are written. As a function its statements are planned once a session; a worker calls it some twenty times for each operation.
create function watertight_catalog.record_step(
  operation text, token bigint, actor text, notes jsonb,
  done integer, done_name text, output jsonb, undone integer, undone_name text,
  next integer, next_name text, steps integer, even_if_cancelled boolean, durable boolean, out cancelled boolean, out begun boolean)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  progress boolean := record_step.done is not null or record_step.undone is not null;
begin
  -- A record that a crash of the server takes back is made again: the step is observed anew. Whatever is written later and must last makes this last.
  if not record_step.durable then
    perform pg_catalog.set_config('synchronous_commit', 'off', true);
  end if;
  if progress then
    update watertight_catalog.operation o set output = o.output || coalesce(record_step.output, '{}'), attempts = 0, crashes = 0
     where o.id = record_step.operation and o.lease_token = record_step.token and o.state = 'running' returning o.cancel_requested into cancelled;
  else
    select o.cancel_requested into cancelled from watertight_catalog.operation o
     where o.id = record_step.operation and o.lease_token = record_step.token and o.state = 'running' for update;
  end if;
  if cancelled is null then
    return;
  end if;
  begun := record_step.next is not null and (record_step.even_if_cancelled or not cancelled);
  if record_step.done is not null then
    update watertight_catalog.operation_step s set state = 'done', output = coalesce(record_step.output, '{}'), finished_at = pg_catalog.clock_timestamp()
     where s.operation = record_step.operation and s.position = record_step.done;
    insert into watertight_catalog.operation_event (operation, kind, data)
    values (record_step.operation, 'step_done', pg_catalog.jsonb_build_object('step', record_step.done_name, 'position', record_step.done));
  end if;
  if record_step.undone is not null then
    update watertight_catalog.operation_step s set state = 'undone', finished_at = pg_catalog.clock_timestamp()
     where s.operation = record_step.operation and s.position = record_step.undone;
    insert into watertight_catalog.operation_event (operation, kind, data)
    values (record_step.operation, 'step_undone', pg_catalog.jsonb_build_object('step', record_step.undone_name, 'position', record_step.undone));
  end if;
  if begun then
    insert into watertight_catalog.operation_step as s (operation, position, name) values (record_step.operation, record_step.next, record_step.next_name)
    on conflict on constraint operation_step_pkey do update set state = 'running', attempts = s.attempts + 1, error = null, finished_at = null;
    insert into watertight_catalog.operation_event (operation, kind, data)
    values (record_step.operation, 'step_started', pg_catalog.jsonb_build_object('step', record_step.next_name, 'of', record_step.steps, 'position', record_step.next));
  end if;
  -- last: it locks the log's head to the end of the transaction, which is the end of this call
  if record_step.notes is not null then
    perform watertight_catalog.append_audits(record_step.actor, record_step.notes);
  end if;
end
$$;
revoke all on function watertight_catalog.record_step(text, bigint, text, jsonb, integer, text, jsonb, integer, text, integer, text, integer, boolean, boolean) from public;
grant execute on function watertight_catalog.record_step(text, bigint, text, jsonb, integer, text, jsonb, integer, text, integer, text, integer, boolean, boolean) to :"control";
