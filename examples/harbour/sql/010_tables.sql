-- Harbour's tables: B2B field-service invoicing. Derived (no tenant column): invoice_lines. Partitioned: events. Everything else carries tenant_id,
-- but in a schema of one tenant's own, whose tables are made of the same text (src/database/tenant-schema.ts). Keys come after the data
-- (020_keys.sql): checking them once is faster.
create schema harbour;

create table harbour.memberships (
  tenant_id uuid not null,
  user_id uuid not null,
  display_name text not null,
  role text not null check (role in ('owner', 'dispatcher', 'accountant', 'technician')),
  created_at timestamptz not null
);

create table harbour.customers (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  name text not null,
  email text not null,
  phone text,
  street text,
  postcode text,
  city text,
  vat_number text,
  created_at timestamptz not null default now()
);

create table harbour.sites (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  customer_id uuid not null,
  label text not null,
  street text not null,
  city text not null,
  access_notes text,
  created_at timestamptz not null default now()
);

create table harbour.technicians (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  name text not null,
  trade text not null,
  hourly_rate_cents integer not null,
  created_at timestamptz not null default now()
);

create table harbour.invoices (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  number integer not null,
  customer_id uuid not null,
  site_id uuid,
  technician_id uuid,
  status text not null check (status in ('draft', 'sent', 'paid', 'overdue')),
  currency text not null default 'EUR',
  total_cents bigint not null default 0,
  memo text not null default '',
  issued_on date not null,
  due_on date not null,
  created_at timestamptz not null default now()
);

-- Derived tenancy: a line belongs to whoever its invoice belongs to.
create table harbour.invoice_lines (
  id uuid not null default gen_random_uuid(),
  invoice_id uuid not null,
  position integer not null,
  description text not null,
  quantity integer not null check (quantity > 0),
  unit_price_cents integer not null,
  created_at timestamptz not null default now()
);

create table harbour.attachments (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  invoice_id uuid not null,
  file_name text not null,
  content_type text not null,
  content text not null,
  created_at timestamptz not null default now()
);

create table harbour.comments (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  invoice_id uuid not null,
  author_id uuid,
  body text not null,
  created_at timestamptz not null default now()
);

create table harbour.events (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  kind text not null,
  subject text not null,
  payload jsonb not null default '{}',
  created_at timestamptz not null default now()
) partition by range (created_at);
create table harbour.events_2026_q1 partition of harbour.events for values from ('2026-01-01') to ('2026-04-01');
create table harbour.events_2026_q2 partition of harbour.events for values from ('2026-04-01') to ('2026-07-01');
create table harbour.events_2026_q3 partition of harbour.events for values from ('2026-07-01') to ('2026-10-01');
create table harbour.events_2026_q4 partition of harbour.events for values from ('2026-10-01') to ('2027-01-01');
create table harbour.events_other partition of harbour.events default;

create table harbour.templates (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  name text not null,
  body text not null,
  created_at timestamptz not null default now()
);

create table harbour.jobs (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  kind text not null,
  payload jsonb not null default '{}',
  state text not null default 'waiting' check (state in ('waiting', 'done', 'failed')),
  result text,
  created_at timestamptz not null default now()
);

create table harbour.api_keys (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  label text not null,
  prefix text not null,
  digest text not null,
  created_at timestamptz not null default now()
);

create table harbour.audit_log (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  actor_id uuid,
  action text not null,
  subject text not null,
  created_at timestamptz not null default now()
);
