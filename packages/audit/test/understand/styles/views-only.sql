-- Isolation by views over closed tables, and no row security.
create role viewer_app login;
create schema store;
create schema api;
create table store.clients (ref integer primary key, title text);
create table store.bills (no integer primary key, cl integer not null references store.clients, total numeric);
create table store.bill_lines (no integer primary key, bill integer not null references store.bills);
create view api.bills as select * from store.bills where cl = nullif(current_setting('api.client', true), '')::int;
create view api.bill_lines as select l.* from store.bill_lines l join api.bills b on b.no = l.bill;
grant usage on schema api to viewer_app;
grant select on api.bills, api.bill_lines to viewer_app;
