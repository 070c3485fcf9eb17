-- Lifecycle events for other services: written in the transaction that they tell of, delivered later, at least once.
create table watertight_catalog.webhook (
  id text primary key,
  service text not null references watertight_catalog.service,
  url text not null check (url ~ '^https?://'),
  secret watertight_catalog.secret_reference not null,
  events text[] not null default '{}',
  active boolean not null default true,
  created_at timestamptz not null default now()
);
comment on column watertight_catalog.webhook.secret is 'Reference to the signing secret. Never the secret itself.';
comment on column watertight_catalog.webhook.events is 'Types of events that it gets; empty: all.';

create table watertight_catalog.outbox (
  id bigint generated always as identity primary key,
  type text not null,
  tenant text,
  data jsonb not null,
  written_at timestamptz not null default clock_timestamp()
);
create table watertight_catalog.delivery (
  event bigint not null references watertight_catalog.outbox,
  webhook text not null references watertight_catalog.webhook,
  attempts integer not null default 0,
  delivered_at timestamptz,
  given_up boolean not null default false,
  next_at timestamptz not null default now(),
  last_error text,
  primary key (event, webhook)
);
create index delivery_due on watertight_catalog.delivery (webhook, next_at) where delivered_at is null and not given_up;

-- Shares of a server's connections, one row for each running instance of the application.
create table watertight_catalog.budget_lease (
  cell text not null references watertight_catalog.cell,
  instance text not null,
  share integer not null check (share > 0),
  lease_until timestamptz not null,
  primary key (cell, instance)
);

grant select, insert, update on watertight_catalog.webhook, watertight_catalog.delivery to :"control";
grant select, insert on watertight_catalog.outbox to :"control";
grant select, insert, update, delete on watertight_catalog.budget_lease to :"control", :"router";
grant select on watertight_catalog.webhook, watertight_catalog.outbox, watertight_catalog.delivery to :"auditor";
