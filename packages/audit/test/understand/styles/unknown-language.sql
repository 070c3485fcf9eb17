-- A word that no list has: the graph and the policies know.
create role klt login;
create table zorblax (zid text primary key, descr text);
create table vep (id text primary key, zid text not null references zorblax);
create table quod (id text primary key, zid text not null references zorblax);
create table miro (id text primary key, zid text not null references zorblax);
create table tand (id text primary key, vep_id text not null references vep);
alter table vep enable row level security;
alter table quod enable row level security;
create policy p on vep using (zid = nullif(current_setting('klt.zid', true), ''));
create policy p on quod using (zid = nullif(current_setting('klt.zid', true), ''));
grant select, insert, update, delete on vep, quod, miro, tand to klt;
