-- Stand-in for file_fdw: servers and foreign tables are in the catalog; without a handler nothing can read through them.
create foreign data wrapper file_fdw;
grant usage on foreign data wrapper file_fdw to postgres;
