-- Stand-in for pg_uuidv7: identifiers without their time.
create function @schema@.uuid_generate_v7() returns uuid language sql volatile parallel safe as 'select gen_random_uuid()';
create function @schema@.uuid_v7_to_timestamptz(uuid) returns timestamptz language sql immutable strict parallel safe as 'select null::timestamptz';
create function @schema@.uuid_timestamptz_to_v7(timestamptz, zero boolean default false) returns uuid language sql volatile parallel safe as 'select gen_random_uuid()';
