-- Stand-in for pg_partman: no partition is made.
create table @schema@.part_config (parent_table text primary key, control text not null, partition_interval text not null, retention text, retention_keep_table boolean default true, infinite_time_partitions boolean default false, premake integer default 4);
create function @schema@.create_parent(p_parent_table text, p_control text, p_interval text, p_type text default 'range', p_epoch text default 'none', p_premake integer default 4, p_start_partition text default null, p_default_table boolean default true, p_automatic_maintenance text default 'on') returns boolean language sql
  as $$ insert into @schema@.part_config (parent_table, control, partition_interval) values (p_parent_table, p_control, p_interval) on conflict do nothing returning true $$;
create function @schema@.run_maintenance(p_parent_table text default null, p_analyze boolean default false, p_jobmon boolean default true) returns void language sql as '';
