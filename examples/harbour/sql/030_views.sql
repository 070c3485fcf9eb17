-- What stands on top of the tables, each in its safe form: an invoker view (D1), an invoker function (D4), and a materialized view that the
-- application role may not read, because row security cannot be put on one (D3).
create view harbour.invoice_totals with (security_invoker = true) as
select i.tenant_id, i.id, i.number, c.name as customer, i.status, i.total_cents, i.created_at
  from harbour.invoices i
  join harbour.customers c on c.tenant_id = i.tenant_id and c.id = i.customer_id;

create materialized view harbour.monthly_revenue as
select i.tenant_id, date_trunc('month', i.issued_on)::date as month, count(*) as invoices, sum(i.total_cents)::bigint as total_cents, min(c.name) as first_customer
  from harbour.invoices i
  join harbour.customers c on c.tenant_id = i.tenant_id and c.id = i.customer_id
 group by i.tenant_id, date_trunc('month', i.issued_on);

create function harbour.find_technician(part text) returns table (id uuid, name text, trade text)
language sql stable security invoker
as $$ select t.id, t.name, t.trade from harbour.technicians t where t.name ilike '%' || part || '%' order by t.name limit 500 $$;

-- The audit log is written and read. By policies and not by grants: they hold in every place, whatever was granted there; only the table's owner,
-- as whom a tenant is deleted, gets past them.
create policy audit_log_stays on harbour.audit_log as restrictive for update to public
  using (current_user = (select pg_catalog.pg_get_userbyid(c.relowner) from pg_catalog.pg_class c where c.oid = audit_log.tableoid));
create policy audit_log_lives on harbour.audit_log as restrictive for delete to public
  using (current_user = (select pg_catalog.pg_get_userbyid(c.relowner) from pg_catalog.pg_class c where c.oid = audit_log.tableoid));
