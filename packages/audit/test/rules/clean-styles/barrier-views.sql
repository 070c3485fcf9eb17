-- Isolation by views: the application has no right on the tables; every view filters, is a barrier and checks what is written through it.
create role books_owner nologin;
create role books_app login;
create schema books authorization books_owner;
create schema api authorization books_owner;
grant usage on schema api to books_app;
set role books_owner;

create table books.tenants (id uuid primary key, name text not null);
create table books.entries (
  tenant_id uuid not null references books.tenants,
  id uuid not null default gen_random_uuid(),
  amount numeric not null,
  primary key (tenant_id, id)
);
create function api.tenant() returns uuid
  language sql stable set search_path = ''
  return nullif(current_setting('books.tenant', true), '')::uuid;
create view api.entries with (security_barrier = true) as
  select tenant_id, id, amount from books.entries
  where tenant_id = (select api.tenant())
  with cascaded check option;
create view api.me with (security_barrier = true) as
  select id, name from books.tenants where id = (select api.tenant());
grant select, insert, update, delete on api.entries to books_app;
grant select on api.me to books_app;
