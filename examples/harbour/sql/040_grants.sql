-- What the application role may do beyond protected tables: read the directory, search, check a login. Logins themselves it cannot read,
-- and the audit log it can only write and read, not change.
grant usage on schema harbour to :"app";
grant select on harbour.tenants, harbour.plans, harbour.invoice_totals to :"app";
grant execute on function harbour.find_technician(text), harbour.check_login(text, text, text) to :"app";
revoke update, delete on harbour.audit_log from :"app";
