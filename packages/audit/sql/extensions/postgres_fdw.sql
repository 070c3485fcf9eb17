-- Stand-in for postgres_fdw: servers and foreign tables are in the catalog; without a handler nothing can read through them.
create foreign data wrapper postgres_fdw;
grant usage on foreign data wrapper postgres_fdw to postgres;
