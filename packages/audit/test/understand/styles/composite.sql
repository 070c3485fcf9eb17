-- Composite keys all the way down, integer tenants, the tenant's key last.
create role erp_app login;
create table company (company_id integer primary key, name text);
create table warehouse (code text, company_id integer not null references company, primary key (code, company_id));
create table item (sku text, company_id integer not null references company, primary key (sku, company_id));
create table stock (id bigint primary key, warehouse text not null, sku text not null, cid integer not null, foreign key (warehouse, cid) references warehouse (code, company_id), foreign key (sku, cid) references item (sku, company_id));
create table stock_count (stock_id bigint not null references stock, counted_on date, primary key (stock_id, counted_on));
grant select, insert, update, delete on all tables in schema public to erp_app;
