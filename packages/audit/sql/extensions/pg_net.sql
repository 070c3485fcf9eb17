-- Stand-in for pg_net: no request leaves the server.
create schema if not exists net;
grant usage on schema net to public;
create function net.http_get(url text, params jsonb default '{}', headers jsonb default '{}', timeout_milliseconds integer default 2000) returns bigint language sql as 'select 0::bigint';
create function net.http_post(url text, body jsonb default '{}', params jsonb default '{}', headers jsonb default '{"Content-Type": "application/json"}', timeout_milliseconds integer default 2000) returns bigint language sql as 'select 0::bigint';
create function net.http_delete(url text, params jsonb default '{}', headers jsonb default '{}', timeout_milliseconds integer default 2000) returns bigint language sql as 'select 0::bigint';
create table net._http_response (id bigint, status_code integer, content_type text, headers jsonb, content text, timed_out boolean, error_msg text, created timestamptz not null default now());
