-- Observe mode: a table's floor lets everything through and records what enforcement would have refused, for teams that adopt the kit
-- on a running application. Must never stop a statement: no error leaves these functions, and nothing is written where writing is refused.

-- What the policies of a protected table look like when they are right, as this server prints them; `kit status` compares.
alter table watertight.protected add column expected jsonb not null default '{}';
comment on column watertight.protected.expected is 'Policies as the catalog showed them when the kit made them.';

-- The tenant of the context, for everybody: an observed table is also read by roles that know nothing of the kit, and must go on working.
create function watertight.observed_tenant() returns text
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, pg_temp
as $$
begin
  return watertight.tenant_id_or_null();
exception when others then
  return null;
end
$$;

-- Called by an observing floor for a row that enforcement would refuse. One event for each client statement and table: the rest of its
-- rows find their mark in a transaction-local setting (anyone can set that: hiding from observe mode hides nothing from enforcement).
create function watertight.observed(relation regclass, row_tenant text) returns boolean
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
declare
  mark text := coalesce(pg_catalog.current_setting('watertight.observed', true), '');
  now_mark text := pg_catalog.date_part('epoch', pg_catalog.statement_timestamp())::text;
  speaker text;
  kind text;
begin
  if pg_catalog.split_part(mark, ' ', 1) <> now_mark then
    mark := now_mark;
  elsif pg_catalog.strpos(mark || ' ', ' ' || observed.relation::oid::text || ' ') > 0 then
    return true;
  end if;
  perform pg_catalog.set_config('watertight.observed', mark || ' ' || observed.relation::oid::text, true);
  begin
    if not exists (select from watertight.protected p where p.relation = observed.relation and p.mode = 'observe') then
      return true;
    end if;
    speaker := watertight.observed_tenant();
    kind := case when speaker is null then 'observed_no_context' else 'observed_crossing' end;
    -- the log has it too when the transaction is rolled back, or may not write (read only, standby)
    raise log 'watertight: %: relation %', kind, observed.relation;
    if pg_catalog.current_setting('transaction_read_only') = 'off' then
      perform watertight.record(kind, speaker, observed.relation::text,
        pg_catalog.jsonb_build_object('tenant', observed.row_tenant, 'query', pg_catalog.left(pg_catalog.current_query(), 500)));
    end if;
  exception when others then
    raise log 'watertight: an observation could not be recorded: %', sqlerrm;
  end;
  return true;
end
$$;

-- Observed tables are used by every role; only roles with USAGE on this schema can call the functions by name.
grant execute on function watertight.observed_tenant(), watertight.observed(regclass, text) to public;
