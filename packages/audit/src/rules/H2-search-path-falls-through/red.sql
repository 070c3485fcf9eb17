-- H2 red: tenant_a has no notes yet, so notes are those of public.
create role shop_owner nologin;
create role shop_app login;
grant usage, create on schema public to shop_owner;
grant usage on schema public to shop_app;
create schema tenant_a authorization shop_owner;
create schema tenant_b authorization shop_owner;
grant usage on schema tenant_a to shop_app;
alter role shop_app set search_path = tenant_a, public;
set role shop_owner;

create table tenant_a.files (id uuid primary key, name text not null);
create table tenant_b.files (id uuid primary key, name text not null);
create table tenant_b.notes (id uuid primary key, body text not null);
create table public.notes (id uuid primary key, body text not null);
grant select on tenant_a.files to shop_app;
grant select on public.notes to shop_app;
