-- Stand-in for dblink: it connects to nothing.
create function @schema@.dblink(text) returns setof record language plpgsql as $$ begin raise exception 'dblink connects to another server: not here' using errcode = '0A000'; end $$;
create function @schema@.dblink(text, text) returns setof record language plpgsql as $$ begin raise exception 'dblink connects to another server: not here' using errcode = '0A000'; end $$;
create function @schema@.dblink_exec(text) returns text language plpgsql as $$ begin raise exception 'dblink connects to another server: not here' using errcode = '0A000'; end $$;
create function @schema@.dblink_exec(text, text) returns text language plpgsql as $$ begin raise exception 'dblink connects to another server: not here' using errcode = '0A000'; end $$;
create function @schema@.dblink_connect(text) returns text language plpgsql as $$ begin raise exception 'dblink connects to another server: not here' using errcode = '0A000'; end $$;
create function @schema@.dblink_connect(text, text) returns text language plpgsql as $$ begin raise exception 'dblink connects to another server: not here' using errcode = '0A000'; end $$;
create function @schema@.dblink_disconnect(text) returns text language plpgsql as $$ begin raise exception 'dblink connects to another server: not here' using errcode = '0A000'; end $$;
