-- Stand-in for Citus: a distributed table stays the table that it is.
create function @schema@.create_distributed_table(table_name regclass, distribution_column text, distribution_type text default 'hash', colocate_with text default 'default', shard_count integer default null) returns void language sql as '';
create function @schema@.create_reference_table(table_name regclass) returns void language sql as '';
create function @schema@.create_distributed_function(function_name regprocedure, distribution_arg_name text default null, colocate_with text default 'default', force_delegation boolean default null) returns void language sql as '';
