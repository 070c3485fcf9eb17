-- Tenants with a schema of their own: the fence says which, and the statement that opens a context sets search_path from here, for its transaction
-- only. A function with a search_path of its own can't set its caller's, hence a function that answers the path. Must never answer another tenant's.
alter table watertight.fence add column schema_name text;
comment on column watertight.fence.schema_name is 'Schema of a tenant that has one of its own; what unqualified names mean in its transactions.';
create unique index fence_schema_name on watertight.fence (schema_name) where schema_name is not null;

-- The search_path of the current tenant, when its schema is the one that the caller's route names; a route that is out of date is refused like any other wrong
-- location, and the runtime asks again. VOLATILE, so that the fence row is read after open() has taken its lock. pg_temp stands last, or it would be first.
create function watertight.tenant_path(schema_name text, shared text[]) returns text
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
declare
  f record;
  shared_path text;
begin
  select x.schema_name, x.goto into f from watertight.fence x where x.tenant = watertight.tenant_id();
  if f.schema_name is distinct from tenant_path.schema_name or tenant_path.schema_name is null then
    raise exception using errcode = 'WT002', message = 'this tenant has another schema in this database',
      detail = pg_catalog.jsonb_build_object('state', 'schema', 'goto', f.goto)::text,
      hint = 'Ask the catalog where the tenant is served.';
  end if;
  if pg_catalog.cardinality(shared) > 0 then
    select pg_catalog.string_agg(pg_catalog.quote_ident(s.name), ', ' order by s.place) into shared_path
      from pg_catalog.unnest(shared) with ordinality s (name, place)
     where not exists (select from watertight.fence x where x.schema_name = s.name);
  end if;
  return pg_catalog.concat_ws(', ', pg_catalog.quote_ident(tenant_path.schema_name), shared_path, 'pg_temp');
end
$$;

-- Says which schema a tenant has; null: none. Waits for its running transactions, which resolved names in the old one.
create function watertight.set_tenant_schema(tenant text, schema_name text) returns void
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
begin
  perform pg_catalog.pg_advisory_xact_lock(watertight.lock_key(set_tenant_schema.tenant));
  update watertight.fence f set schema_name = set_tenant_schema.schema_name, updated_at = pg_catalog.now()
   where f.tenant = set_tenant_schema.tenant and f.state <> 'deleted';
  if not found then
    raise exception using errcode = 'WT002', message = 'this tenant is not registered in this database',
      hint = 'Register it first: select watertight.register_tenant(...)';
  end if;
end
$$;

revoke all on function watertight.tenant_path(text, text[]), watertight.set_tenant_schema(text, text) from public;
grant execute on function watertight.tenant_path(text, text[]) to :"app", :"readonly", :"control", :"migrator";
grant execute on function watertight.set_tenant_schema(text, text) to :"control", :"migrator";
