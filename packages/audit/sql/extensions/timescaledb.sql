-- Stand-in for TimescaleDB: a hypertable stays the table that it is.
create function @schema@.create_hypertable(relation regclass, time_column_name name, partitioning_column name default null, number_partitions integer default null, chunk_time_interval anyelement default null::bigint, if_not_exists boolean default false, migrate_data boolean default false, create_default_indexes boolean default true) returns integer language sql as 'select 0';
create function @schema@.create_hypertable(relation regclass, dimension text, create_default_indexes boolean, if_not_exists boolean, migrate_data boolean) returns integer language sql as 'select 0';
create function @schema@.by_range(column_name name, partition_interval anyelement default null::bigint) returns text language sql as 'select column_name::text';
create function @schema@.by_hash(column_name name, number_partitions integer) returns text language sql as 'select column_name::text';
create function @schema@.add_dimension(hypertable regclass, column_name name, number_partitions integer default null) returns integer language sql as 'select 0';
create function @schema@.add_compression_policy(hypertable regclass, compress_after anyelement, if_not_exists boolean default false) returns integer language sql as 'select 0';
create function @schema@.add_retention_policy(relation regclass, drop_after anyelement, if_not_exists boolean default false) returns integer language sql as 'select 0';
create function @schema@.add_continuous_aggregate_policy(continuous_aggregate regclass, start_offset anyelement, end_offset anyelement, schedule_interval interval, if_not_exists boolean default false) returns integer language sql as 'select 0';
create function @schema@.set_chunk_time_interval(hypertable regclass, chunk_time_interval anyelement) returns void language sql as '';
create function @schema@.time_bucket(bucket_width interval, ts timestamptz) returns timestamptz language sql immutable parallel safe as 'select date_bin(bucket_width, ts, ''2000-01-03'')';
create function @schema@.time_bucket(bucket_width interval, ts timestamp) returns timestamp language sql immutable parallel safe as 'select date_bin(bucket_width, ts, ''2000-01-03'')';
