-- What all tenants share, in a schema of its own: the directory (what must be known before a tenant is), the plans, the house templates.
-- Nothing in it is a tenant's secret, and the application may read it and no more. In a database of its own a tenant has its own part of it.
create schema directory;

create table directory.plans (
  id smallint primary key,
  name text not null,
  monthly_price_cents integer not null,
  max_users integer not null
);

create table directory.tenants (
  id uuid primary key,
  slug text not null unique,
  name text not null,
  plan_id smallint not null references directory.plans (id),
  created_at timestamptz not null
);

-- Logins, across tenants. The application role cannot read this table; it asks directory.check_login.
create table directory.users (
  id uuid primary key,
  email text not null unique,
  salt text not null,
  digest text not null,
  created_at timestamptz not null
);

-- Texts that everybody may use. They are no tenant's rows: rows of everybody in a tenant's table would need a policy with an exception (B7).
create table directory.house_templates (
  id uuid primary key,
  name text not null,
  body text not null,
  created_at timestamptz not null
);

-- Definer, because the application role has no right to read logins; it returns a row only to somebody who knows the password.
create function directory.check_login(tenant_slug text, login_email text, password text) returns table (tenant_id uuid, user_id uuid)
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select t.id, u.id
    from directory.tenants t
   cross join directory.users u
   where t.slug = tenant_slug
     and u.email = login_email
     and u.digest = pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(u.salt || password, 'UTF8')), 'hex')
$$;
revoke all on function directory.check_login(text, text, text) from public;
