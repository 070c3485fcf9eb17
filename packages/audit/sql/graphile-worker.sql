-- The queue of Graphile Worker, which its own program installs: what migrations call of it. It keeps nothing. Runs before any migration.
create schema graphile_worker;
grant usage on schema graphile_worker to postgres;
create type graphile_worker.job as (id bigint, task_identifier text, payload json);
create function graphile_worker.add_job(
  identifier text,
  payload json default null,
  queue_name text default null,
  run_at timestamptz default null,
  max_attempts integer default null,
  job_key text default null,
  priority integer default null,
  flags text[] default null,
  job_key_mode text default 'replace'
) returns graphile_worker.job language sql
  as $$ select (0, identifier, payload)::graphile_worker.job $$;
