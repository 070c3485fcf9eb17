-- Tenants have a uuid; where rows come in from outside it is kept as text, without a foreign key, and its policy compares text.
create role desk_app login;
create table tenants (id uuid primary key, name text not null);
create table tickets (tenant_id uuid not null references tenants, id uuid not null, primary key (tenant_id, id));
create table imports (tenant_id text not null, id uuid not null, primary key (tenant_id, id));
create table uploads (tenant_id varchar(64) not null, id uuid not null, primary key (tenant_id, id));
create table partners (id uuid primary key, tenant text not null);
alter table tenants enable row level security;
alter table tickets enable row level security;
alter table imports enable row level security;
create policy own on tenants using (id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
create policy own on tickets using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
create policy own on imports using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')));
grant select, insert, update, delete on all tables in schema public to desk_app;
