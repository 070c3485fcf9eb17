-- What happened that an operator should know: probes, unscoped work, changes to the kit, observed crossings.
-- Must never become an oracle for the tenants: a NOTIFY carries the event's number and nothing else, and a probe makes exactly one event
-- whether or not the id exists elsewhere (F10: everybody may LISTEN; G3: everybody may read table statistics).
create table watertight.event (
  id bigint generated always as identity primary key,
  at timestamptz not null default pg_catalog.clock_timestamp(),
  kind text not null,
  tenant text,
  relation text,
  role name not null default session_user,
  detail jsonb not null default '{}'
);
create index on watertight.event (kind, at);
create index on watertight.event (tenant, at);
comment on table watertight.event is 'Security events of this database; LISTEN watertight_event gives their numbers.';
revoke all on watertight.event from public;
grant select on watertight.event, watertight.fence, watertight.protected, watertight.setting, watertight.migration to :"control", :"migrator";

create function watertight.record(kind text, tenant text, relation text, detail jsonb) returns bigint
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
declare
  number bigint;
begin
  insert into watertight.event (kind, tenant, relation, detail) values (record.kind, record.tenant, record.relation, coalesce(record.detail, '{}'))
    returning id into number;
  perform pg_catalog.pg_notify('watertight_event', number::text);
  return number;
end
$$;

-- For work outside tenants: called by the runtime before an unscoped connection is handed out, and by tools.
create function watertight.audit(kind text, tenant text, detail jsonb) returns bigint
language sql volatile security definer parallel unsafe
set search_path = pg_catalog, pg_temp
as $$ select watertight.record(audit.kind, audit.tenant, null, audit.detail) $$;

-- Does a row with this key exist, and whose is it? Its owner decides what it can see: a role with BYPASSRLS sees all tenants; where no
-- such role can be made it is the kit's owner, forced row security hides everything, and the answer stays "not visible".
create function watertight.find_owner(relation regclass, tenant_sql text, key jsonb) returns text
language plpgsql stable security definer parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
declare
  condition text;
  owner_tenant text;
begin
  -- names come from the catalog, values are literals cast to the column's own type: nothing of the caller is executed
  select pg_catalog.string_agg(pg_catalog.format('r.%I = %L::%s', a.attname, k.value, pg_catalog.format_type(a.atttypid, a.atttypmod)), ' and ')
    into condition
    from pg_catalog.jsonb_each_text(find_owner.key) k
    join pg_catalog.pg_attribute a on a.attrelid = find_owner.relation and a.attname = k.key and a.attnum > 0 and not a.attisdropped;
  if condition is null then
    return null;
  end if;
  execute pg_catalog.format('select (%s) from %s r where %s limit 1', find_owner.tenant_sql, find_owner.relation, condition) into owner_tenant;
  return owner_tenant;
exception when others then
  return null;
end
$$;

create function watertight.report_probe(token bytea, relation text, key jsonb) returns void
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
declare
  speaker text := watertight.caller_tenant(token);
  p record;
  owner_tenant text;
  verdict text;
begin
  -- the caller's search_path is not ours: a name without schema means the protected table of that name, if there is exactly one
  select x.relation, x.tenant_sql into p from watertight.protected x
   where x.relation = coalesce(pg_catalog.to_regclass(report_probe.relation), (
           select pg_catalog.min(y.relation::oid)::regclass from watertight.protected y join pg_catalog.pg_class c on c.oid = y.relation
            where array[c.relname::text] = pg_catalog.parse_ident(report_probe.relation) having pg_catalog.count(*) = 1));
  if p.relation is not null then
    owner_tenant := watertight.find_owner(p.relation, p.tenant_sql, report_probe.key);
  end if;
  verdict := case
    when owner_tenant <> speaker then 'cross_tenant_probe'
    when owner_tenant = speaker then 'own_row'
    when exists (select from watertight.setting s where s.name = 'prober' and s.value <> '') then 'missing_row'
    else 'not_visible' end;
  perform watertight.record(verdict, speaker, coalesce(p.relation::text, report_probe.relation), pg_catalog.jsonb_build_object('key', report_probe.key, 'owner', owner_tenant));
end
$$;

-- What the runtime must know before it trusts this database. Everything is judged for the role that the session can act as.
create function watertight.handshake() returns jsonb
language sql stable security definer parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
  select pg_catalog.jsonb_build_object(
    'kit', (select pg_catalog.max(number) from watertight.migration),
    'level', (select value from watertight.setting where name = 'level'),
    'server', pg_catalog.current_setting('server_version_num')::integer,
    'backendPid', pg_catalog.pg_backend_pid(),
    'clock', pg_catalog.date_part('epoch', pg_catalog.clock_timestamp()),
    'role', r.rolname,
    'sessionRole', session_user,
    'superuser', r.rolsuper,
    'sessionSuperuser', (select s.rolsuper from pg_catalog.pg_roles s where s.rolname = session_user),
    -- BYPASSRLS is not inherited, but whoever may SET ROLE to it has it (A5); pg_has_role MEMBER covers both
    'bypassRls', exists (select from pg_catalog.pg_roles b where (b.rolbypassrls or b.rolsuper) and pg_catalog.pg_has_role(r.oid, b.oid, 'MEMBER')),
    'ownsTables', exists (select from watertight.protected p join pg_catalog.pg_class c on c.oid = p.relation where pg_catalog.pg_has_role(r.oid, c.relowner, 'MEMBER'))
               or exists (select from pg_catalog.pg_namespace n where n.nspname = 'watertight' and pg_catalog.pg_has_role(r.oid, n.nspowner, 'MEMBER')),
    'temp', pg_catalog.has_database_privilege(r.oid, pg_catalog.current_database(), 'TEMP'),
    'create', pg_catalog.has_database_privilege(r.oid, pg_catalog.current_database(), 'CREATE')
           or exists (select from pg_catalog.pg_namespace n where n.nspname !~ '^pg_(temp|toast)' and pg_catalog.has_schema_privilege(r.oid, n.oid, 'CREATE')),
    'preparedVisible', pg_catalog.has_table_privilege(r.oid, 'pg_catalog.pg_prepared_statements', 'SELECT')
           or pg_catalog.has_function_privilege(r.oid, 'pg_catalog.pg_prepared_statement()', 'EXECUTE'),
    'roleSettings', (select coalesce(pg_catalog.jsonb_agg(pg_catalog.split_part(c.value, '=', 1)), '[]')
                       from pg_catalog.pg_db_role_setting d cross join lateral pg_catalog.unnest(d.setconfig) c(value)
                      where d.setrole = r.oid and d.setdatabase in (0, (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database()))),
    'protected', (select pg_catalog.count(*) from watertight.protected),
    'observed', (select pg_catalog.count(*) from watertight.protected where mode = 'observe'))
  from pg_catalog.pg_roles r
 where r.rolname = case when pg_catalog.current_setting('role') = 'none' then session_user else pg_catalog.current_setting('role') end
$$;

revoke all on all functions in schema watertight from public;
grant execute on function watertight.handshake(), watertight.report_probe(bytea, text, jsonb) to :"app", :"readonly", :"control", :"migrator";
grant execute on function watertight.audit(text, text, jsonb) to :"control", :"migrator";
