-- Neon: auth.user_id() out of the token.
create role authenticated nologin;
create role anonymous nologin;
create role authenticator login noinherit;
grant authenticated, anonymous to authenticator;
create schema auth;
create function auth.session() returns jsonb language sql stable as $$ select current_setting('request.jwt.claims', true)::jsonb $$;
create function auth.user_id() returns text language sql stable as $$ select auth.session() ->> 'sub' $$;
create table todos (id bigint primary key, user_id text not null default auth.user_id(), task text);
create table todo_tags (todo_id bigint not null references todos, tag text, primary key (todo_id, tag));
create table emojis (code text primary key);
alter table todos enable row level security;
alter table todo_tags enable row level security;
create policy mine on todos to authenticated using ((select auth.user_id()) = user_id) with check ((select auth.user_id()) = user_id);
create policy mine on todo_tags to authenticated using ((select todos.user_id from todos where todos.id = todo_tags.todo_id) = auth.user_id());
grant select, insert, update, delete on all tables in schema public to authenticated;
grant select on emojis to anonymous;
