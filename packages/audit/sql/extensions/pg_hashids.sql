-- Stand-in for pg_hashids.
create function @schema@.id_encode(bigint) returns text language sql immutable strict as 'select $1::text';
create function @schema@.id_encode(bigint, text) returns text language sql immutable strict as 'select $1::text';
create function @schema@.id_encode(bigint, text, integer) returns text language sql immutable strict as 'select $1::text';
create function @schema@.id_decode_once(text, text, integer) returns bigint language sql immutable strict as 'select 0::bigint';
