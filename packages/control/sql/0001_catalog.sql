-- The catalog: who the tenants are and where they are served. It is a cache for the runtime (a location's own fence has the last word) and
-- the authority for the control plane. Invariants (tests: catalog.db.test.ts): one active placement at most for each tenant and service;
-- no secret in clear, only references to it; nobody but the owner can change or remove an audit record.
create table watertight_catalog.setting (
  name text primary key,
  value text not null
);

-- A name for a secret, never the secret: a connection string is what people paste here by mistake.
create domain watertight_catalog.secret_reference as text
  constraint secret_is_a_reference check (value ~ '^[a-z][a-z0-9+-]*:[^[:space:]]+$' and value !~ '://|[[:space:]]|=');

-- A PostgreSQL server or cluster behind one endpoint.
create table watertight_catalog.cell (
  id text primary key check (id ~ '^[a-z][a-z0-9-]{0,38}$'),
  engine text not null default 'postgres' check (engine in ('postgres')),
  host text not null,
  port integer not null check (port between 1 and 65535),
  admin_secret watertight_catalog.secret_reference not null,
  region text,
  state text not null default 'active' check (state in ('active', 'draining', 'closed')),
  -- published caps: provisioning goes to the next cell, or stops, at 80 % of them
  max_databases integer not null default 1000 check (max_databases > 0),
  max_schemas integer not null default 1000 check (max_schemas > 0),
  max_pool_tenants integer not null default 1000000 check (max_pool_tenants > 0),
  connection_budget integer not null default 80 check (connection_budget > 0),
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
comment on column watertight_catalog.cell.admin_secret is 'Reference to the provisioner''s connection string: env:NAME, file:/path, or <store>:<name>. Never the string itself.';
comment on column watertight_catalog.cell.max_schemas is 'Schemas of tenants in one database.';

-- A place inside a cell that serves tenants.
create table watertight_catalog.location (
  id text primary key,
  cell text not null references watertight_catalog.cell,
  model text not null check (model in ('pool', 'schema', 'database', 'silo')),
  database text not null check (octet_length(database) between 1 and 63),
  schema text check (octet_length(schema) between 1 and 63),
  state text not null default 'preparing' check (state in ('preparing', 'ready', 'retired')),
  rw_role text not null,
  ro_role text not null,
  rw_secret watertight_catalog.secret_reference not null,
  ro_secret watertight_catalog.secret_reference not null,
  key_secret watertight_catalog.secret_reference,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  check ((model = 'schema') = (schema is not null))
);
create unique index location_place on watertight_catalog.location (cell, database, schema) nulls not distinct where state <> 'retired';
comment on column watertight_catalog.location.key_secret is 'Reference to the key that signs contexts for this location.';

-- A service of a microservice architecture; `main` where there is one application. Its row is the release row: activation takes it FOR SHARE,
-- raising `min_version` takes it FOR UPDATE, so that neither overtakes the other.
create table watertight_catalog.service (
  id text primary key check (id ~ '^[a-z][a-z0-9-]{0,38}$'),
  min_version integer not null default 0 check (min_version >= 0),
  target_version integer not null default 0,
  version bigint not null default 1,
  check (target_version >= min_version)
);
insert into watertight_catalog.service (id) values ('main');

create table watertight_catalog.tenant (
  id text collate "C" primary key check (octet_length(id) between 1 and 200),
  slug text not null unique check (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
  name text not null check (char_length(name) between 1 and 200),
  tier text not null default 'standard',
  state text not null default 'provisioning'
    check (state in ('provisioning', 'active', 'suspended', 'maintenance', 'moving', 'archived', 'deleted')),
  limits jsonb not null default '{}' check (jsonb_typeof(limits) = 'object'),
  metadata jsonb not null default '{}' check (jsonb_typeof(metadata) = 'object'),
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  -- a tenant that is deleted keeps its row: neither its id nor its slug comes back
  delete_after timestamptz
);
-- lists are read in the order of their slugs, whole or one state at a time
create index tenant_by_state on watertight_catalog.tenant (state, slug);

create table watertight_catalog.hostname (
  hostname text primary key check (hostname = lower(hostname) and octet_length(hostname) between 1 and 253),
  tenant text collate "C" not null references watertight_catalog.tenant
);
create index hostname_of on watertight_catalog.hostname (tenant);

create table watertight_catalog.placement (
  tenant text collate "C" not null references watertight_catalog.tenant,
  service text not null references watertight_catalog.service,
  location text not null references watertight_catalog.location,
  state text not null default 'incoming' check (state in ('incoming', 'active', 'moved', 'retired')),
  schema_version integer not null default 0,
  updated_at timestamptz not null default now(),
  primary key (tenant, service, location)
);
create unique index placement_active on watertight_catalog.placement (tenant, service) where state = 'active';
create index placement_at on watertight_catalog.placement (location, state);
create index placement_behind on watertight_catalog.placement (service, schema_version) where state = 'active';

-- What the runtime may read: where an active tenant is served, and nothing else of the catalog.
create view watertight_catalog.route with (security_barrier = true) as
  select p.tenant, p.service, t.state, l.id as location, l.model, l.cell, c.host, c.port, l.database, l.schema, l.rw_role, l.ro_role,
         l.rw_secret, l.ro_secret, l.key_secret, p.schema_version, t.limits, c.connection_budget
    from watertight_catalog.placement p
    join watertight_catalog.tenant t on t.id = p.tenant
    join watertight_catalog.location l on l.id = p.location
    join watertight_catalog.cell c on c.id = l.cell
   where p.state = 'active' and t.state not in ('provisioning', 'archived', 'deleted');

create function watertight_catalog.route_changed() returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  -- bulk imports would fill the queue with one message a row: the listener empties its cache instead
  if (select count(*) from changed) > 100 then
    perform pg_catalog.pg_notify('watertight_route', '*');
  elsif tg_table_name = 'tenant' then
    perform pg_catalog.pg_notify('watertight_route', c.id) from changed c;
  elsif tg_table_name = 'placement' then
    perform pg_catalog.pg_notify('watertight_route', c.tenant) from (select distinct n.tenant from changed n) c;
  else
    perform pg_catalog.pg_notify('watertight_route', '*') from changed c limit 1;
  end if;
  return null;
end
$$;
create trigger route_changed after update on watertight_catalog.tenant referencing new table as changed
  for each statement execute function watertight_catalog.route_changed();
create trigger route_added after insert on watertight_catalog.placement referencing new table as changed
  for each statement execute function watertight_catalog.route_changed();
create trigger route_changed after update on watertight_catalog.placement referencing new table as changed
  for each statement execute function watertight_catalog.route_changed();
create trigger route_changed after update on watertight_catalog.location referencing new table as changed
  for each statement execute function watertight_catalog.route_changed();
create trigger route_changed after update on watertight_catalog.cell referencing new table as changed
  for each statement execute function watertight_catalog.route_changed();

-- A release is never edited: a change is a new one.
create table watertight_catalog.release (
  service text not null references watertight_catalog.service,
  version integer not null check (version > 0),
  name text not null,
  checksum text not null,
  files jsonb not null check (jsonb_typeof(files) = 'array'),
  created_by text not null,
  created_at timestamptz not null default now(),
  primary key (service, version)
);

revoke all on all functions in schema watertight_catalog from public;
grant select on watertight_catalog.route to :"router";
grant select on all tables in schema watertight_catalog to :"auditor";
grant select, insert, update on watertight_catalog.cell, watertight_catalog.location, watertight_catalog.service, watertight_catalog.tenant,
  watertight_catalog.placement to :"control";
grant select, insert, delete on watertight_catalog.hostname to :"control";
grant select, insert on watertight_catalog.release to :"control";
grant select on watertight_catalog.setting, watertight_catalog.route to :"control";
