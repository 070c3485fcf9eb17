-- Alarms are told once: whoever tells one looks for it first.
create index outbox_alarms on watertight_catalog.outbox (type, written_at) where type in ('provisioner.outside_operation', 'provisioning.slow');
