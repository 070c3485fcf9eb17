-- The only role that may write has a name that says nothing.
create role harbour login;
create table tenants (id uuid primary key);
create table berths (id uuid primary key, tenant_id uuid not null references tenants);
grant select, insert, update, delete on berths to harbour;
