-- Templates that the whole intrusion test was run against, and what their catalogs were then: a copy is compared with it. Never changed: a
-- template of a version is built once, or dropped and built by another operation.
create table watertight_catalog.template (
  cell text not null references watertight_catalog.cell,
  name text not null,
  made_by text not null references watertight_catalog.operation,
  -- aspect -> SHA-256, and aspect -> object -> SHA-256 to tell what differs
  fingerprint jsonb not null,
  objects jsonb not null,
  tried_at timestamptz not null default clock_timestamp(),
  primary key (cell, name)
);
grant select, insert, update on watertight_catalog.template to :"control";
grant select on watertight_catalog.template to :"auditor";
