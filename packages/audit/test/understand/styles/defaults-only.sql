-- No row security yet; defaults tell where the tenant comes from. The tenant's key is its slug.
create role saas_api login;
create table accounts (id uuid primary key default gen_random_uuid(), slug text not null unique, created timestamptz default now());
create table widgets (id uuid primary key default gen_random_uuid(), account_slug text not null default current_setting('saas.account') references accounts (slug), name text);
create table widget_parts (id uuid primary key default gen_random_uuid(), widget_id uuid not null references widgets, no int default (random() * 10)::int);
grant select, insert, update, delete on all tables in schema public to saas_api;
