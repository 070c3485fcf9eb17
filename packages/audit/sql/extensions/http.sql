-- Stand-in for http: no request leaves the server.
create domain @schema@.http_method as text;
create domain @schema@.content_type as text;
create type @schema@.http_header as (field varchar, value varchar);
create type @schema@.http_request as (method @schema@.http_method, uri varchar, headers @schema@.http_header[], content_type varchar, content varchar);
create type @schema@.http_response as (status integer, content_type varchar, headers @schema@.http_header[], content varchar);
create function @schema@.http_header(field varchar, value varchar) returns @schema@.http_header language sql as 'select field, value';
create function @schema@.http(request @schema@.http_request) returns @schema@.http_response language sql as 'select 0, null::varchar, null::@schema@.http_header[], null::varchar';
create function @schema@.http_get(uri varchar) returns @schema@.http_response language sql as 'select 0, null::varchar, null::@schema@.http_header[], null::varchar';
create function @schema@.http_post(uri varchar, content varchar, content_type varchar) returns @schema@.http_response language sql as 'select 0, null::varchar, null::@schema@.http_header[], null::varchar';
create function @schema@.urlencode(string varchar) returns text language sql as 'select string::text';
