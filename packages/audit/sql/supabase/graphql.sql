-- Supabase's GraphQL entry. Runs before any migration.
create schema graphql authorization supabase_admin;
create schema graphql_public authorization supabase_admin;
grant usage on schema graphql, graphql_public to postgres, anon, authenticated, service_role;
create function graphql.resolve(query text, variables jsonb default '{}', "operationName" text default null, extensions jsonb default null) returns jsonb language sql
  as $$ select '{}'::jsonb $$;
create function graphql_public.graphql("operationName" text default null, query text default null, variables jsonb default null, extensions jsonb default null) returns jsonb language sql
  as $$ select graphql.resolve(query, variables, "operationName", extensions) $$;
