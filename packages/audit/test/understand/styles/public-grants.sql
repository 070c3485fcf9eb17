-- Everything is granted to PUBLIC.
create role portal_app login;
create table tenants (id uuid primary key);
create table tickets (id uuid primary key, tenant_id uuid not null references tenants);
grant select, insert, update, delete on tenants, tickets to public;
