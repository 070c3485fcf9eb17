-- What stands on top of the tables, each in its safe form: an invoker view (D1), an invoker function (D4), a login check that tells nothing
-- but yes or no, and a materialized view that the application role may not read, because row security cannot be put on one (D3).
create view harbour.invoice_totals with (security_invoker = true) as
select i.tenant_id, i.id, i.number, c.name as customer, i.status, i.total_cents, i.created_at
  from harbour.invoices i
  join harbour.customers c on c.tenant_id = i.tenant_id and c.id = i.customer_id;

create materialized view harbour.monthly_revenue as
select i.tenant_id, date_trunc('month', i.issued_on)::date as month, count(*) as invoices, sum(i.total_cents)::bigint as total_cents, min(c.name) as first_customer
  from harbour.invoices i
  join harbour.customers c on c.tenant_id = i.tenant_id and c.id = i.customer_id
 group by 1, 2;

create function harbour.find_technician(part text) returns table (id uuid, name text, trade text)
language sql stable security invoker
as $$ select t.id, t.name, t.trade from harbour.technicians t where t.name ilike '%' || part || '%' order by t.name limit 500 $$;

-- Definer, because the application role has no right to read logins; it returns a row only to somebody who knows the password.
create function harbour.check_login(tenant_slug text, login_email text, password text) returns table (tenant_id uuid, user_id uuid)
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select t.id, u.id
    from harbour.tenants t
   cross join harbour.users u
   where t.slug = tenant_slug
     and u.email = login_email
     and u.digest = pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(u.salt || password, 'UTF8')), 'hex')
$$;
revoke all on function harbour.find_technician(text), harbour.check_login(text, text, text) from public;
