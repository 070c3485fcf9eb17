-- What the application role may do beyond protected tables: read the directory, search, check a login. Logins themselves it cannot read.
revoke all on function harbour.find_technician(text) from public;
grant usage on schema harbour, directory to :"app", :"readonly";
grant select on directory.tenants, directory.plans, directory.house_templates, harbour.invoice_totals to :"app", :"readonly";
grant execute on function harbour.find_technician(text) to :"app", :"readonly";
grant execute on function directory.check_login(text, text, text) to :"app";
