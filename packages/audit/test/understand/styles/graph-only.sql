-- A word that no list has, and no policy either.
create table zorblax (zid text primary key, descr text);
create table vep (id text primary key, zid text not null references zorblax);
create table quod (id text primary key, zid text not null references zorblax);
create table miro (id text primary key, zid text not null references zorblax);
create table tand (id text primary key, vep_id text not null references vep);
