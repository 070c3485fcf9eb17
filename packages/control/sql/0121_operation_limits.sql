-- An operation that kills its worker would be begun again for ever: leases that ended without a word and without progress are counted.
-- One that can neither be finished nor undone is abandoned by a person, who says why; what it left stays listed as its open cleanup records.
alter table watertight_catalog.operation
  add column crashes integer not null default 0,
  add column abandoned_at timestamptz,
  add column abandoned_reason text,
  add constraint operation_abandoned check ((abandoned_at is null) = (abandoned_reason is null) and (abandoned_at is null or (state = 'failed' and not unfinished)));
comment on column watertight_catalog.operation.crashes is 'Leases in a row whose worker ended without giving them back and without ending a step.';
