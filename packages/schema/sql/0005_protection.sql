-- Which tables are protected, how a row's tenant is found, and what the table was like before, so that uninstall can put it back.
create table watertight.protected (
  relation regclass primary key,
  tenant_column name,
  tenant_type text not null check (tenant_type in ('uuid', 'bigint', 'text')),
  tenant_sql text not null,
  parent regclass,
  mode text not null check (mode in ('observe', 'enforce')),
  before jsonb not null,
  protected_at timestamptz not null default now(),
  check ((tenant_column is null) = (parent is not null))
);
comment on column watertight.protected.tenant_sql is 'SQL expression over a row alias r that gives the row''s tenant as text.';
comment on column watertight.protected.parent is 'For a derived table (no tenant column): the table whose row decides.';
revoke all on watertight.protected from public;
