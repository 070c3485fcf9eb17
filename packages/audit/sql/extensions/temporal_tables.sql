-- Stand-in for temporal_tables: no history is written.
create function @schema@.versioning() returns trigger language plpgsql as $$ begin return coalesce(new, old); end $$;
create function @schema@.set_system_time(timestamptz) returns void language sql as '';
