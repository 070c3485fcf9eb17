-- Reading across tenants for reports: off, until the control plane switches it on for one login, until a moment, with a reason. No policy is widened
-- and nobody goes past row security: the function below opens one tenant's context after the other, and the floor decides on every row. The
-- login has rights on no table, so it has nothing to write with. Traps this file is written around:
--   * it asks for session_user: whoever can SET ROLE to the login is still somebody else;
--   * a setting of a role can be changed by its session, so that the limit of time and the end of the permission are asked for here;
--   * an observed table, or one without FORCE, would show all rows in each context: refused, not counted many times.
create table watertight.reporting (
  login name primary key,
  until timestamptz not null,
  reason text not null check (pg_catalog.length(pg_catalog.btrim(reason)) between 1 and 500),
  statement_timeout_ms integer not null check (statement_timeout_ms between 1 and 3600000),
  granted_by text not null,
  granted_at timestamptz not null default now()
);
comment on table watertight.reporting is 'Logins that may read across tenants, and until when; empty unless somebody switched it on.';
revoke all on watertight.reporting from public;
grant select on watertight.reporting to :"control", :"migrator";

-- All tenants' rows of one protected table, for example: select * from watertight.unscoped_rows(null::public.invoice).
-- STABLE: every tenant is read on the snapshot of the query that asks, so that a report is of one moment.
create function watertight.unscoped_rows(row_type anyelement) returns setof anyelement
language plpgsql stable security definer parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
declare
  permission record;
  asked regclass;
  owner oid;
  context text := case (select s.value from watertight.setting s where s.name = 'level') when 'plain' then 'watertight.tenant' else 'watertight.ctx' end;
  before text := coalesce(pg_catalog.current_setting(context, true), '');
  allowed integer;
  reader text;
begin
  select r.until, r.statement_timeout_ms into permission from watertight.reporting r where r.login = session_user;
  if permission.until is null or permission.until <= pg_catalog.clock_timestamp() then
    raise exception using errcode = 'insufficient_privilege', message = 'this login may not read across tenants' || case when permission.until is null then '' else ' any more' end,
      hint = 'Switch it on for a while, with a reason: watertight roles reporting on.';
  end if;
  select s.setting::integer into allowed from pg_catalog.pg_settings s where s.name = 'statement_timeout';
  if allowed not between 1 and permission.statement_timeout_ms then
    raise exception using errcode = 'insufficient_privilege', message = 'a report needs a statement_timeout of at most ' || permission.statement_timeout_ms || ' ms';
  end if;
  select c.oid::regclass, c.relowner into asked, owner
    from pg_catalog.pg_type y join pg_catalog.pg_class c on c.oid = y.typrelid join watertight.protected p on p.relation = c.oid
   where y.oid = pg_catalog.pg_typeof(unscoped_rows.row_type) and p.mode = 'enforce' and c.relrowsecurity and c.relforcerowsecurity
     and exists (select from pg_catalog.pg_policy q where q.polrelid = c.oid and q.polname = 'watertight_floor' and not q.polpermissive and q.polcmd = '*' and q.polroles = '{0}');
  if asked is null then
    raise exception using errcode = 'insufficient_privilege', message = 'this is no protected table: ' || pg_catalog.format_type(pg_catalog.pg_typeof(unscoped_rows.row_type), null),
      hint = 'Put the table under row security first: watertight kit protect.';
  end if;
  -- permissive policies for roles that the owner is not in would hide every row, and the report would be empty without a word
  if not exists (select from pg_catalog.pg_policy q where q.polrelid = asked and q.polpermissive and q.polcmd in ('*', 'r')
                    and exists (select from pg_catalog.unnest(q.polroles) x(role) where x.role = 0 or pg_catalog.pg_has_role(owner, x.role, 'usage'))) then
    raise exception using errcode = 'insufficient_privilege', message = 'no policy of this table lets its owner read: ' || asked::text,
      hint = 'Policies of the application should be TO PUBLIC; rights select the role.';
  end if;
  raise log 'watertight: % reads % across tenants', session_user, asked;
  for reader in select f.tenant from watertight.fence f where f.state in ('active', 'suspended', 'maintenance', 'moving') order by f.tenant loop
    perform pg_catalog.set_config(context, case context when 'watertight.tenant' then reader else watertight.seal_of(reader) end, true);
    return query execute pg_catalog.format('select x.* from %s x', asked);
  end loop;
  perform pg_catalog.set_config(context, before, true);
end
$$;

-- Switches it on. The login must be one that nobody of the application is in, and that is nothing else.
create function watertight.begin_reporting(login name, until timestamptz, reason text, granted_by text, statement_timeout_ms integer) returns void
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
declare
  r record;
  members text;
begin
  select x.oid, x.rolcanlogin, x.rolsuper or x.rolbypassrls or x.rolcreaterole or x.rolreplication as strong into r from pg_catalog.pg_roles x where x.rolname = begin_reporting.login;
  if r.oid is null or not r.rolcanlogin or r.strong or exists (select from watertight.setting s where s.name in ('owner', 'migrator', 'app', 'readonly', 'control', 'prober') and s.value = begin_reporting.login) then
    raise exception using errcode = 'invalid_parameter_value', message = 'this is no login for reports: it must be able to log in, have no attributes, and be no role of the kit';
  end if;
  select pg_catalog.string_agg(x.rolname, ', ') into members from pg_catalog.pg_roles x
   where x.rolcanlogin and x.oid <> r.oid and not x.rolsuper and pg_catalog.pg_has_role(x.oid, r.oid, 'usage');
  if members is not null then
    raise exception using errcode = 'invalid_parameter_value', message = 'others are members of this login: ' || members;
  end if;
  if begin_reporting.until not between pg_catalog.clock_timestamp() and pg_catalog.clock_timestamp() + interval '31 days' then
    raise exception using errcode = 'invalid_parameter_value', message = 'it ends within 31 days';
  end if;
  insert into watertight.reporting (login, until, reason, granted_by, statement_timeout_ms)
  values (begin_reporting.login, begin_reporting.until, begin_reporting.reason, begin_reporting.granted_by, begin_reporting.statement_timeout_ms)
  on conflict on constraint reporting_pkey do update set until = excluded.until, reason = excluded.reason, granted_by = excluded.granted_by,
    statement_timeout_ms = excluded.statement_timeout_ms, granted_at = pg_catalog.now();
  execute pg_catalog.format('grant usage on schema watertight to %I', begin_reporting.login);
  execute pg_catalog.format('grant execute on function watertight.unscoped_rows(anyelement) to %I', begin_reporting.login);
  perform watertight.record('reporting_on', null, null, pg_catalog.jsonb_build_object('login', begin_reporting.login, 'until', begin_reporting.until,
    'reason', begin_reporting.reason, 'by', begin_reporting.granted_by));
end
$$;

-- Switches it off; a second call changes nothing.
create function watertight.end_reporting(login name, ended_by text) returns void
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
begin
  delete from watertight.reporting r where r.login = end_reporting.login;
  if found then
    perform watertight.record('reporting_off', null, null, pg_catalog.jsonb_build_object('login', end_reporting.login, 'by', end_reporting.ended_by));
  end if;
  if exists (select from pg_catalog.pg_roles x where x.rolname = end_reporting.login) then
    execute pg_catalog.format('revoke all on function watertight.unscoped_rows(anyelement) from %I', end_reporting.login);
    execute pg_catalog.format('revoke all on schema watertight from %I', end_reporting.login);
  end if;
end
$$;

revoke all on function watertight.unscoped_rows(anyelement), watertight.begin_reporting(name, timestamptz, text, text, integer), watertight.end_reporting(name, text) from public;
grant execute on function watertight.begin_reporting(name, timestamptz, text, text, integer), watertight.end_reporting(name, text) to :"control";
