-- What provisioning notes about a place: which service's schema it holds, at which version, who made it, and whether it still waits for a tenant.
alter table watertight_catalog.location
  add column service text not null default 'main' references watertight_catalog.service,
  add column schema_version integer not null default 0 check (schema_version >= 0),
  add column warm boolean not null default false,
  add column made_by text;
comment on column watertight_catalog.location.schema_version is 'Version of the schema when the place was made; what a tenant has is in placement.';
comment on column watertight_catalog.location.warm is 'A ready database that waits for its tenant.';
comment on column watertight_catalog.location.made_by is 'The operation whose tag the database, schema and roles carry; null: the place was there before us, and is never dropped.';
create index location_warm on watertight_catalog.location (cell, service, schema_version) where warm and state = 'ready';
create index operation_of_kind on watertight_catalog.operation (kind, created_at desc);
