-- Books of many firms: floors by command over open business policies, and an API of views that filter and check over a schema that is closed.
create role ledger_owner nologin;
create role ledger_app login;
create role ledger_auditor login;
create schema ledger authorization ledger_owner;
create schema hidden authorization ledger_owner;
grant usage on schema ledger to ledger_app, ledger_auditor;
set role ledger_owner;

create table ledger.firms (id text primary key check (id <> ''), name text not null);
create table ledger.accounts (
  firm text not null references ledger.firms,
  id bigint generated always as identity,
  title text not null,
  primary key (firm, id)
);
create table ledger.entries (
  firm text not null references ledger.firms,
  id bigint generated always as identity,
  account bigint not null,
  amount integer not null,
  primary key (firm, id),
  constraint entries_account_fkey foreign key (firm, account) references ledger.accounts (firm, id) on delete restrict
);
create index on ledger.entries (firm, account);
create table ledger.receipts (
  firm text not null references ledger.firms,
  id bigint generated always as identity,
  file text not null,
  primary key (firm, id)
);
create table ledger.comments (
  firm text not null references ledger.firms,
  id bigint generated always as identity,
  body text not null,
  primary key (firm, id)
);

alter table ledger.firms enable row level security;
alter table ledger.firms force row level security;
alter table ledger.accounts enable row level security;
alter table ledger.accounts force row level security;
alter table ledger.entries enable row level security;
alter table ledger.entries force row level security;
alter table ledger.receipts enable row level security;
alter table ledger.receipts force row level security;
alter table ledger.comments enable row level security;
alter table ledger.comments force row level security;
create policy own on ledger.firms using (id = (select nullif(current_setting('ledger.firm', true), '')));

create policy floor on ledger.accounts as restrictive for all using (firm = (select nullif(current_setting('ledger.firm', true), '')));
create policy everybody on ledger.accounts using (true);

create policy floor_read on ledger.entries as restrictive for select using (firm = (select nullif(current_setting('ledger.firm', true), '')));
create policy floor_insert on ledger.entries as restrictive for insert
  with check (firm = (select nullif(current_setting('ledger.firm', true), '')));
create policy readable on ledger.entries for select using (true);
create policy addable on ledger.entries for insert with check (amount <> 0);

create policy floor_read on ledger.receipts as restrictive for select using (firm = (select nullif(current_setting('ledger.firm', true), '')));
create policy floor_insert on ledger.receipts as restrictive for insert
  with check (firm = (select nullif(current_setting('ledger.firm', true), '')));
create policy floor_delete on ledger.receipts as restrictive for delete using (firm = (select nullif(current_setting('ledger.firm', true), '')));
create policy everybody on ledger.receipts using (true);

create policy own on ledger.comments for select using (firm = (select nullif(current_setting('ledger.firm', true), '')));
create policy addable on ledger.comments for insert with check (body <> '');
create policy floor_insert on ledger.comments as restrictive for insert
  with check (firm = (select nullif(current_setting('ledger.firm', true), '')));

create table hidden.payroll (
  firm text not null references ledger.firms,
  id bigint generated always as identity,
  person text not null,
  salary integer not null,
  primary key (firm, id)
);
create table hidden.contracts (
  firm text not null references ledger.firms,
  id bigint generated always as identity,
  body text not null,
  primary key (firm, id)
);
create view ledger.payroll with (security_barrier = true) as
  select firm, id, person, salary from hidden.payroll
  where firm = (select nullif(current_setting('ledger.firm', true), ''))
  with cascaded check option;
create view ledger.contracts with (security_barrier = true) as
  select firm, id, body from hidden.contracts
  where firm = (select nullif(current_setting('ledger.firm', true), ''))
  with local check option;
create materialized view hidden.totals as select firm, sum(salary) as salaries from hidden.payroll group by 1 with no data;
create view ledger.totals with (security_barrier = true) as
  select firm, salaries from hidden.totals where firm = (select nullif(current_setting('ledger.firm', true), ''));

grant select on ledger.firms to ledger_app, ledger_auditor;
grant select, insert, update, delete on ledger.accounts to ledger_app;
grant select, insert on ledger.entries, ledger.comments to ledger_app;
grant select, insert, delete on ledger.receipts to ledger_app;
grant select on ledger.accounts, ledger.entries to ledger_auditor;
grant select, insert, update, delete on ledger.payroll, ledger.contracts to ledger_app;
grant select on ledger.totals to ledger_app;
