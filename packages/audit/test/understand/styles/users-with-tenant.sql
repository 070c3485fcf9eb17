-- Users carry the tenant; what belongs to a user belongs to their tenant.
create role app login;
create table plans (code text primary key, price int);
create table tenants (id uuid primary key, plan text references plans);
create table users (id uuid primary key, tenant_id uuid not null references tenants, email text, password_hash text);
create table sessions (token text primary key, user_id uuid not null references users on delete cascade);
create table api_keys (id uuid primary key, created_by uuid references users, tenant_id uuid references tenants);
create table reports (id uuid primary key, owner_id uuid not null references users);
create table spatial_notes (id int primary key, body text);
grant select, insert, update, delete on all tables in schema public to app;
