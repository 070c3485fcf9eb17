create table tenants (id serial primary key, name text);
create table posts (id serial primary key, tenant_id int not null references tenants);
create table photos (id serial primary key, tenant_id int not null references tenants);
create table comments (id serial primary key, commentable_type text not null, commentable_id int not null, body text);
create table taggings (id serial primary key, taggable_type text, taggable_id int, tag_id int);
create table tags (id serial primary key, name text);
create table schema_migrations (version varchar primary key);
create table ar_internal_metadata (key varchar primary key, value varchar);
