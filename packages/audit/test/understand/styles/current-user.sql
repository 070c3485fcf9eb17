-- A role per tenant: the row carries its name.
create role tenant_group nologin;
create role acme login;
create role globex login;
grant tenant_group to acme, globex;
create table orders (id int primary key, tenant name not null default current_user, total numeric);
create table order_lines (id int primary key, order_id int not null references orders);
alter table orders enable row level security;
create policy own on orders using (tenant = current_user);
grant select, insert, update, delete on orders, order_lines to tenant_group;
