// A clean schema whose context is a setting, and the statements that spoil it: each spoils one thing.

/** Projects, invoices and what hangs on them, as one would want them. */
export const cleanShop = `
create role shop_owner nologin;
create role shop_app login;
create schema shop authorization shop_owner;
set role shop_owner;
create table shop.tenants (id uuid primary key, name text not null);
create table shop.plans (id int primary key, name text not null);
create table shop.projects (tenant_id uuid not null references shop.tenants, id uuid not null default gen_random_uuid(), name text not null, code text not null, primary key (tenant_id, id), unique (tenant_id, code));
create table shop.invoices (tenant_id uuid not null, id uuid not null default gen_random_uuid(), project_id uuid not null, number int not null, total numeric(12,2) not null check (total >= 0), primary key (tenant_id, id), unique (tenant_id, number), foreign key (tenant_id, project_id) references shop.projects (tenant_id, id) on delete cascade);
create table shop.events (tenant_id uuid not null, id uuid not null default gen_random_uuid(), at timestamptz not null default now(), what text, primary key (tenant_id, id, at)) partition by range (at);
create table shop.events_2026 partition of shop.events for values from ('2026-01-01') to ('2027-01-01');
create table shop.events_rest partition of shop.events default;
create view shop.open_invoices with (security_invoker) as select tenant_id, id, total from shop.invoices;
alter table shop.tenants enable row level security; alter table shop.tenants force row level security;
alter table shop.projects enable row level security; alter table shop.projects force row level security;
alter table shop.invoices enable row level security; alter table shop.invoices force row level security;
alter table shop.events enable row level security; alter table shop.events force row level security;
create policy mine on shop.tenants using (id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
create policy mine on shop.projects using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
create policy mine on shop.invoices using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
create policy mine on shop.events using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant usage on schema shop to shop_app;
grant select on shop.tenants, shop.plans to shop_app;
grant select, insert, update, delete on shop.projects, shop.invoices, shop.events to shop_app;
grant select on shop.open_invoices to shop_app;
reset role;
`;
