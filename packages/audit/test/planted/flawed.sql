-- A helpdesk for many companies, as SQL migrations make it: with a flaw at every mark.
-- A mark names the vector and the object of the finding, "-- flaw: VECTOR OBJECT". The statement below is to blame; above an empty line the flaw is what is missing.
-- Roles: requests log in as helpdesk_app; helpdesk_owner owns everything, and nobody logs in as it.
create role helpdesk_owner nologin;
create role helpdesk_app login;
create role helpdesk_support nologin;
create extension btree_gist;
grant usage, create on schema public to helpdesk_owner;
grant usage on schema public to helpdesk_app;
create schema pgboss authorization helpdesk_owner;
grant usage on schema pgboss to helpdesk_app;
create schema tenant_north authorization helpdesk_owner;
create schema tenant_south authorization helpdesk_owner;
grant usage on schema tenant_north to helpdesk_app;

-- flaw: A4 helpdesk_api
create role helpdesk_api login bypassrls;

grant usage on schema public to helpdesk_api;

-- flaw: A6 helpdesk_app
alter role helpdesk_app createrole;

-- flaw: A8 pg_monitor
grant pg_monitor to helpdesk_app;

-- flaw: A9 customers.support_reads_all
grant helpdesk_support to helpdesk_app;

-- flaw: C6 helpdesk_app.app.tenant_id
alter role helpdesk_app set app.tenant_id = 'bbbbbbbb-0000-4000-8000-00000000000b';

-- flaw: G8 log_min_duration_statement.helpdesk_app
alter role helpdesk_app set log_min_duration_statement = 0;

-- flaw: H4 public
grant create on schema public to public;

-- flaw: H2 search_path.helpdesk_app
alter role helpdesk_app set search_path = tenant_north, public;

-- flaw: G5 pg_stat_statements
create extension pg_stat_statements;

create role helpdesk_admin nologin bypassrls;
grant usage on schema public to helpdesk_admin;
create foreign data wrapper archive;
create server archive foreign data wrapper archive;
grant usage on foreign server archive to helpdesk_owner;

-- flaw: A5 helpdesk_admin
grant helpdesk_admin to helpdesk_app;

create role helpdesk_portal nologin;
create role helpdesk_gate login noinherit;
grant helpdesk_portal to helpdesk_gate;
grant usage on schema public to helpdesk_portal;

-- flaw: C9 helpdesk_gate
grant helpdesk_admin to helpdesk_gate;

-- flaw: C10 helpdesk_app.app.signing_key
alter role helpdesk_app set app.signing_key = 'correct horse battery staple';

-- flaw: H1 postgres
do $$ begin execute format('grant connect on database %I to helpdesk_app', current_database()); end $$;

set role helpdesk_owner;

create table public.tenants (id uuid primary key, name text not null);
alter table public.tenants enable row level security;
alter table public.tenants force row level security;
create policy tenant on public.tenants using (id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant select on public.tenants to helpdesk_app;

create table public.plans (id text primary key, seats integer not null);
grant select on public.plans to helpdesk_app;

create table public.memberships (
  tenant_id uuid not null references public.tenants (id),
  user_id uuid not null,
  rank text not null default 'agent',
  primary key (tenant_id, user_id)
);
alter table public.memberships enable row level security;
alter table public.memberships force row level security;
create policy read on public.memberships for select using (user_id = (select nullif(current_setting('app.user_id', true), ''))::uuid);
grant select, insert on public.memberships to helpdesk_app;

-- flaw: B11 memberships.joining
create policy joining on public.memberships for insert with check (user_id = (select nullif(current_setting('app.user_id', true), ''))::uuid);

-- flaw: B16 current_tenant
create function public.current_tenant() returns uuid
  language sql immutable set search_path = ''
  as $$ select nullif(pg_catalog.current_setting('app.tenant_id', true), '')::uuid $$;

-- flaw: B17 is_member
create function public.is_member(tenant uuid) returns boolean
  language sql stable
  as $$ select exists (select from memberships m where m.tenant_id = tenant and m.user_id = nullif(current_setting('app.user_id', true), '')::uuid) $$;

create table public.customers (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  email text not null,
  phone text,
  visits bigint not null default 0,
  region text,
  primary key (tenant_id, id)
);
alter table public.customers enable row level security;
alter table public.customers force row level security;
create policy tenant on public.customers using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant select, insert, update, delete on public.customers to helpdesk_app;
create policy support_reads_all on public.customers for select to helpdesk_support using (true);

-- flaw: E5 customers_email_key
alter table public.customers add constraint customers_email_key unique (email);

create table public.tickets (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  number bigint not null,
  subject text not null,
  customer_id uuid,
  slug text,
  priority numeric not null default 0,
  primary key (tenant_id, id)
);
alter table public.tickets enable row level security;
alter table public.tickets force row level security;
create policy tenant on public.tickets using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant select, insert, update, delete on public.tickets to helpdesk_app;

create table public.queues (
  tenant_id uuid not null references public.tenants (id),
  id bigint generated always as identity,
  name text not null,
  primary key (tenant_id, id),
  constraint queues_id_key unique (id)
);
alter table public.queues enable row level security;
alter table public.queues force row level security;
create policy tenant on public.queues using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant select, insert, update, delete on public.queues to helpdesk_app;

-- flaw: E1 routes.routes_queue_fkey
create table public.routes (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  queue_id bigint not null,
  constraint routes_queue_fkey foreign key (queue_id) references public.queues (id),
  primary key (tenant_id, id)
);

alter table public.routes enable row level security;
alter table public.routes force row level security;
create policy tenant on public.routes using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant select, insert, update, delete on public.routes to helpdesk_app;

-- flaw: E2 watchers.watchers_queue_fkey
create table public.watchers (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  queue_id bigint not null,
  constraint watchers_queue_fkey foreign key (queue_id) references public.queues (id) on delete cascade,
  primary key (tenant_id, id)
);

alter table public.watchers enable row level security;
alter table public.watchers force row level security;
create policy tenant on public.watchers using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant select, insert, update, delete on public.watchers to helpdesk_app;

-- flaw: E3 rotas.rotas_queue_fkey
create table public.rotas (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  queue_id bigint not null,
  constraint rotas_queue_fkey foreign key (queue_id) references public.queues (id) on delete restrict,
  primary key (tenant_id, id)
);

alter table public.rotas enable row level security;
alter table public.rotas force row level security;
create policy tenant on public.rotas using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant select, insert, update, delete on public.rotas to helpdesk_app;

-- flaw: E4 drafts.drafts_ticket_fkey
create table public.drafts (
  tenant_id uuid references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  ticket_id uuid,
  body text,
  constraint drafts_ticket_fkey foreign key (tenant_id, ticket_id) references public.tickets (tenant_id, id) on delete set null,
  primary key (id)
);

alter table public.drafts enable row level security;
alter table public.drafts force row level security;
create policy tenant on public.drafts using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant select, insert, update, delete on public.drafts to helpdesk_app;

create table public.attachments (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  name text not null,
  primary key (tenant_id, id)
);
grant select, insert, update, delete on public.attachments to helpdesk_app;

-- flaw: A1 attachments

create table public.macros (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  body text not null,
  primary key (tenant_id, id)
);
create policy tenant on public.macros using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant select, insert, update, delete on public.macros to helpdesk_app;

-- flaw: A2 macros

create table public.sla_policies (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  minutes integer not null,
  primary key (tenant_id, id)
);
alter table public.sla_policies enable row level security;
create policy tenant on public.sla_policies using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant select, insert, update, delete on public.sla_policies to helpdesk_app;

-- flaw: A3 sla_policies

-- flaw: D4 slowest_sla
create function public.slowest_sla() returns integer
  language sql stable security definer set search_path = ''
  as $$ select max(s.minutes) from public.sla_policies s $$;

revoke execute on function public.slowest_sla() from public;

grant execute on function public.slowest_sla() to helpdesk_app;

-- flaw: D6 fastest_sla
create function public.fastest_sla() returns integer
  language sql stable security definer set search_path = ''
  as $$ select min(s.minutes) from public.sla_policies s $$;

create table public.saved_views (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  query text not null,
  primary key (tenant_id, id)
);
alter table public.saved_views enable row level security;
alter table public.saved_views force row level security;
create policy tenant on public.saved_views using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant select, insert, update, delete on public.saved_views to helpdesk_app;

create table public.salaries (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  agent_id uuid not null,
  amount bigint not null,
  primary key (tenant_id, id)
);
alter table public.salaries enable row level security;
alter table public.salaries force row level security;
grant select, insert, update, delete on public.salaries to helpdesk_app;
create policy agents on public.salaries using (true);

-- flaw: A10 salaries
create policy floor on public.salaries as restrictive for select using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);

-- flaw: A12 tickets_2024
create table public.tickets_2024 (like public.tickets including all);
grant select, insert, update, delete on public.tickets_2024 to helpdesk_app;

create table public.surveys (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  score integer not null,
  primary key (tenant_id, id)
);
alter table public.surveys enable row level security;
alter table public.surveys force row level security;
grant select, insert, update, delete on public.surveys to helpdesk_app;
create function public.survey_tenant() returns uuid language sql stable set search_path = ''
  as $$ select nullif(pg_catalog.current_setting('app.tenant_id', true), '')::uuid $$;
create policy floor on public.surveys as restrictive using (tenant_id = (select public.survey_tenant()));
create policy everyone on public.surveys using (true);

-- flaw: A13 surveys.floor
drop function public.survey_tenant() cascade;

create table public.exports (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  path text not null,
  primary key (tenant_id, id)
);
alter table public.exports enable row level security;
alter table public.exports force row level security;
create policy tenant on public.exports using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant select, insert, update, delete on public.exports to helpdesk_app;

-- flaw: A14 exports.row security
alter table public.exports disable row level security;
update public.exports set path = lower(path);
alter table public.exports enable row level security;

create table public.articles (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  body text not null,
  is_public boolean not null default false,
  primary key (tenant_id, id)
);
alter table public.articles enable row level security;
alter table public.articles force row level security;
create policy tenant on public.articles using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant select, insert, update, delete on public.articles to helpdesk_app;

-- flaw: B1 articles.preview
create policy preview on public.articles for select using (true);

create table public.tags (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  primary key (tenant_id, id)
);
alter table public.tags enable row level security;
alter table public.tags force row level security;
grant select, insert, update, delete on public.tags to helpdesk_app;

-- flaw: B2 tags.tenant
create policy tenant on public.tags using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid or id is not null);

create table public.webhooks (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  primary key (tenant_id, id)
);
alter table public.webhooks enable row level security;
alter table public.webhooks force row level security;
grant select, insert, update, delete on public.webhooks to helpdesk_app;

-- flaw: B3 webhooks.tenant
create policy tenant on public.webhooks using (nullif(current_setting('app.tenant_id', true), '') is null or tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);

create table public.api_keys (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  hash bytea not null,
  primary key (tenant_id, id)
);
alter table public.api_keys enable row level security;
alter table public.api_keys force row level security;
grant select, insert, update, delete on public.api_keys to helpdesk_app;

-- flaw: B4 api_keys.tenant
create policy tenant on public.api_keys using (current_setting('app.bypass_rls', true) = 'on' or tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);

create table public.checklists (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  title text,
  primary key (tenant_id, id)
);
alter table public.checklists enable row level security;
alter table public.checklists force row level security;
grant select, insert, update, delete on public.checklists to helpdesk_app;
create policy read on public.checklists for select using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);

-- flaw: B6 checklists.change
create policy change on public.checklists for update using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid) with check (true);

-- flaw: B7 checklists.remove
create policy remove on public.checklists for delete using (true);

-- flaw: B8 checklists.make
create policy make on public.checklists for insert with check (true);

create table public.teams (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  primary key (tenant_id, id)
);
alter table public.teams enable row level security;
alter table public.teams force row level security;
grant select on public.teams to helpdesk_app;

-- flaw: B10 teams.tenant
create policy tenant on public.teams for select using (exists (select 1 from public.memberships m where m.tenant_id = tenant_id and m.user_id = (select nullif(current_setting('app.user_id', true), ''))::uuid));

create table public.greetings (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  primary key (tenant_id, id)
);
alter table public.greetings enable row level security;
alter table public.greetings force row level security;
grant select, insert, update, delete on public.greetings to helpdesk_app;

-- flaw: B13 greetings.tenant
create policy tenant on public.greetings using ((select nullif(current_setting('app.user_id', true), '')) is not null);

create table public.imports (
  tenant_id text not null,
  id uuid not null default gen_random_uuid(),
  file text,
  primary key (tenant_id, id)
);
alter table public.imports enable row level security;
alter table public.imports force row level security;
grant select, insert, update, delete on public.imports to helpdesk_app;

-- flaw: B14 imports.tenant
create policy tenant on public.imports using (tenant_id like (select nullif(current_setting('app.tenant_id', true), '')) || '%');

-- flaw: B15 signatures.tenant_id
create table public.signatures (
  tenant_id uuid references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  body text,
  primary key (id)
);

alter table public.signatures enable row level security;
alter table public.signatures force row level security;
create policy tenant on public.signatures using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant select, insert, update, delete on public.signatures to helpdesk_app;

create table public.holidays (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  primary key (tenant_id, id)
);
alter table public.holidays enable row level security;
alter table public.holidays force row level security;
grant select, insert, update, delete on public.holidays to helpdesk_app;

-- flaw: B23 holidays.tenant
create policy tenant on public.holidays using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid or tenant_id = 'bbbbbbbb-0000-4000-8000-00000000000b');

create table public.agents (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  name text,
  primary key (tenant_id, id)
);
alter table public.agents enable row level security;
alter table public.agents force row level security;
grant select, insert, update, delete on public.agents to helpdesk_app;
create policy helper on public.agents using (tenant_id = (select public.current_tenant()) and (select public.is_member(tenant_id)));

-- flaw: C1 enter
create function public.enter(tenant uuid) returns void language plpgsql set search_path = '' as $$
begin
  perform pg_catalog.set_config('app.tenant_id', tenant::text, false);
end
$$;
revoke execute on function public.enter(tenant uuid) from public;
grant execute on function public.enter(tenant uuid) to helpdesk_app;

-- flaw: C3 switch_to
create function public.switch_to(tenant uuid) returns void language plpgsql set search_path = '' as $$
begin
  execute pg_catalog.format('set app.tenant_id = %L', tenant);
end
$$;
revoke execute on function public.switch_to(tenant uuid) from public;
grant execute on function public.switch_to(tenant uuid) to helpdesk_app;

-- flaw: C7 make_report
create function public.make_report() returns void language plpgsql set search_path = '' as $$
begin
  create temporary table report as select t.subject from public.tickets t;
end
$$;
revoke execute on function public.make_report() from public;
grant execute on function public.make_report() to helpdesk_app;

-- flaw: F11 renumber
create function public.renumber() returns void language plpgsql set search_path = '' as $$
begin
  perform pg_catalog.pg_advisory_xact_lock(7);
  update public.tickets set number = number + 1;
end
$$;
revoke execute on function public.renumber() from public;
grant execute on function public.renumber() to helpdesk_app;

-- flaw: F10 tell
create function public.tell() returns trigger language plpgsql set search_path = '' as $$
begin
  perform pg_catalog.pg_notify('tickets', pg_catalog.to_json(new)::text);
  return null;
end $$;

revoke execute on function public.tell() from public;
create trigger tell after insert on public.tickets for each row execute function public.tell();

create table public.audit_log (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  what text not null,
  primary key (tenant_id, id)
);
alter table public.audit_log enable row level security;
alter table public.audit_log force row level security;
create policy tenant on public.audit_log using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant select, insert on public.audit_log to helpdesk_app;
create function public.audit() returns trigger language plpgsql set search_path = '' as $$
begin
  insert into public.audit_log (tenant_id, what) values (nullif(pg_catalog.current_setting('app.tenant_id', true), '')::uuid, 'ticket');
  return null;
end $$;
revoke execute on function public.audit() from public;

-- flaw: C5 tickets.audit
create constraint trigger audit after insert on public.tickets
  deferrable initially deferred for each row execute function public.audit();

-- flaw: D1 sla_overview
create view public.sla_overview as select s.tenant_id, s.minutes from public.sla_policies s;

grant select on public.sla_overview to helpdesk_app;

create view public.ticket_subjects with (security_invoker = true) as select t.id, t.subject from public.tickets t;
grant select on public.ticket_subjects to helpdesk_app;

-- flaw: D2 ticket_subjects
create or replace view public.ticket_subjects as select t.id, t.subject, t.slug from public.tickets t;

create materialized view public.ticket_counts as select t.tenant_id, count(*) as tickets from public.tickets t group by t.tenant_id;

-- flaw: D3 ticket_counts
grant select on public.ticket_counts to helpdesk_app;

-- flaw: D5 count_articles
create function public.count_articles(tenant uuid) returns bigint
  language sql stable security definer set search_path = public
  as $$ select count(*) from articles a where a.tenant_id = tenant and a.tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid $$;

revoke execute on function public.count_articles(uuid) from public;
grant execute on function public.count_articles(uuid) to helpdesk_app;

create view public.my_holidays with (security_barrier = true, security_invoker = true) as
  select h.tenant_id, h.id from public.holidays h;

create table public.ticket_events (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  what text not null,
  primary key (tenant_id, id)
) partition by list (tenant_id);
alter table public.ticket_events enable row level security;
alter table public.ticket_events force row level security;
create policy tenant on public.ticket_events using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant select, insert, update, delete on public.ticket_events to helpdesk_app;
create table public.ticket_events_rest partition of public.ticket_events default;
alter table public.ticket_events_rest enable row level security;
alter table public.ticket_events_rest force row level security;

-- flaw: E6 ticket_events
create table public.ticket_events_big partition of public.ticket_events
  for values in ('bbbbbbbb-0000-4000-8000-00000000000b');
alter table public.ticket_events_big enable row level security;
alter table public.ticket_events_big force row level security;

create table public.calls (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  day date not null,
  line integer not null,
  during int4range not null,
  primary key (tenant_id, id, day)
) partition by range (day);
alter table public.calls enable row level security;
alter table public.calls force row level security;
create policy tenant on public.calls using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant select, insert, update, delete on public.calls to helpdesk_app;
create table public.calls_2026 partition of public.calls for values from ('2026-01-01') to ('2027-01-01');

-- flaw: F4 calls_2026
grant select on public.calls_2026 to helpdesk_app;

create table public.bookings (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  room integer not null,
  during int4range not null,
  primary key (tenant_id, id)
);
alter table public.bookings enable row level security;
create policy tenant on public.bookings using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant select, insert, update, delete on public.bookings to helpdesk_app;

-- flaw: E9 bookings.one_at_a_time
alter table public.bookings add constraint one_at_a_time exclude using gist (room with =, during with &&);

create function public.book(wanted_room integer, wanted_hours int4range) returns void
  language sql security definer set search_path = ''
  as $$ insert into public.bookings (tenant_id, room, during)
        values (nullif(pg_catalog.current_setting('app.tenant_id', true), '')::uuid, wanted_room, wanted_hours) $$;
revoke execute on function public.book(integer, int4range) from public;
grant execute on function public.book(integer, int4range) to helpdesk_app;

create function public.day_is_free(wanted bigint) returns boolean language sql stable set search_path = ''
  as $$ select not exists (select from public.rotas r where r.queue_id = wanted) $$;
-- flaw: E7 rotas.day_is_free
alter table public.rotas add constraint day_is_free check (public.day_is_free(queue_id));

-- flaw: E8 tickets.0001_helpdesk
update public.tickets set slug = lower(subject) where slug is null;

create table public.notes (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  body text not null,
  primary key (tenant_id, id)
);
alter table public.notes enable row level security;
alter table public.notes force row level security;
create policy tenant on public.notes using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);

-- flaw: F1 notes
-- flaw: F2 notes
-- flaw: F3 notes
grant all on public.notes to helpdesk_app;

create sequence public.ticket_number;

-- flaw: F5 ticket_number
grant usage, select, update on sequence public.ticket_number to helpdesk_app;

-- flaw: F7 recordings.content
create table public.recordings (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  content oid not null,
  primary key (tenant_id, id)
);

alter table public.recordings enable row level security;
alter table public.recordings force row level security;
create policy tenant on public.recordings using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant select, insert, update, delete on public.recordings to helpdesk_app;

create table pgboss.job (id uuid primary key default gen_random_uuid(), name text not null, data jsonb not null);

-- flaw: F16 pgboss.job
grant select, insert, update, delete on pgboss.job to helpdesk_app;

create table tenant_north.themes (id uuid primary key, css text);
create table tenant_south.themes (id uuid primary key, css text);
create table tenant_south.slogans (id uuid primary key, body text);

create table public.slogans (id uuid primary key, body text);

-- flaw: P1 tickets_by_priority
create index tickets_by_priority on public.tickets (priority);

create table public.calls_2025 partition of public.calls for values from ('2025-01-01') to ('2026-01-01');

-- flaw: A15 calls_2025
alter table public.calls detach partition public.calls_2025;

grant select on public.calls_2025 to helpdesk_app;

create table public.snippets (
  tenant_id text not null,
  id uuid not null default gen_random_uuid(),
  body text,
  primary key (tenant_id, id)
);
alter table public.snippets enable row level security;
alter table public.snippets force row level security;
grant select, insert, update, delete on public.snippets to helpdesk_app;

-- flaw: B5 snippets.tenant
create policy tenant on public.snippets using (tenant_id = (select current_setting('app.tenant_id', true)));

-- flaw: B9 teams

grant insert on public.teams to helpdesk_app;

create table public.invoices (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  amount bigint not null,
  primary key (tenant_id, id)
);
alter table public.invoices enable row level security;
alter table public.invoices force row level security;
grant select, insert, update, delete on public.invoices to helpdesk_app;

-- flaw: B12 invoices.tenant
-- flaw: C11 postgres
create policy tenant on public.invoices using (tenant_id = (((select nullif(current_setting('request.jwt.claims', true), ''))::jsonb -> 'user_metadata') ->> 'tenant_id')::uuid);

create table public.legacy_tickets (
  tenant_id text not null,
  id uuid not null default gen_random_uuid(),
  subject text,
  primary key (tenant_id, id)
);
alter table public.legacy_tickets enable row level security;
alter table public.legacy_tickets force row level security;
grant select, insert, update, delete on public.legacy_tickets to helpdesk_app;

-- flaw: B18 legacy_tickets.tenant
create policy tenant on public.legacy_tickets using (tenant_id::uuid = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);

create table public.shifts (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  starts date not null,
  primary key (tenant_id, id)
);
alter table public.shifts enable row level security;
alter table public.shifts force row level security;
grant select, insert, update, delete on public.shifts to helpdesk_app;

-- flaw: B19 shift_tenant
create function public.shift_tenant() returns uuid
  language sql volatile set search_path = ''
  as $$ select nullif(pg_catalog.current_setting('app.tenant_id', true), '')::uuid $$;

create policy tenant on public.shifts using (tenant_id = (select public.shift_tenant()));

create table public.escalation_rules (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  minutes integer not null,
  primary key (tenant_id, id)
);
alter table public.escalation_rules enable row level security;
alter table public.escalation_rules force row level security;
create policy tenant on public.escalation_rules using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);

create table public.escalations (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  level integer not null,
  primary key (tenant_id, id)
);
alter table public.escalations enable row level security;
alter table public.escalations force row level security;
grant select on public.escalations to helpdesk_app;

-- flaw: B20 escalations.tenant
create policy tenant on public.escalations for select using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid and exists (select from public.escalation_rules r where r.tenant_id = escalations.tenant_id));

create table public.channels (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  name text not null,
  primary key (tenant_id, id)
);
alter table public.channels enable row level security;
alter table public.channels force row level security;
grant select on public.channels to helpdesk_app;

create policy tenant on public.channels for select using (exists (select from public.memberships m where m.tenant_id = channels.tenant_id and m.user_id = (select nullif(current_setting('app.user_id', true), ''))::uuid));

grant select on public.plans to helpdesk_portal, helpdesk_api;

create table public.guides (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  body text not null,
  is_public boolean not null default false,
  primary key (tenant_id, id)
);
alter table public.guides enable row level security;
alter table public.guides force row level security;
create policy tenant on public.guides using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant select, insert, update, delete on public.guides to helpdesk_app;

-- flaw: B21 guides.published
create policy published on public.guides for select using (is_public);

create table public.reports (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  body text not null default '',
  primary key (tenant_id, id)
);
alter table public.reports enable row level security;
alter table public.reports force row level security;
create policy tenant on public.reports using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant select, insert, update, delete on public.reports to helpdesk_app;

-- flaw: C2 close_month
create procedure public.close_month(tenant uuid) language plpgsql as $$
begin
  perform set_config('app.tenant_id', tenant::text, true);
  update public.reports set body = 'closed';
  commit;
  update public.reports set body = body || ', sent';
  perform set_config('app.tenant_id', '', true);
end
$$;

-- flaw: C4 import_lines
create function public.import_lines(tenant uuid) returns setof text language plpgsql set search_path = '' as $$
begin
  begin
    perform pg_catalog.set_config('app.tenant_id', tenant::text, true);
    perform 1 / 0;
  exception when division_by_zero then
    null;
  end;
  return query select r.body from public.reports r;
  perform pg_catalog.set_config('app.tenant_id', '', true);
end
$$;

create function public.my_reports() returns setof text
  language sql stable security definer set search_path = public, pg_temp
  as $$
    select r.body from public.reports r join memberships m on m.tenant_id = r.tenant_id
    where m.user_id = (select nullif(current_setting('app.user_id', true), ''))::uuid
  $$;
revoke execute on function public.my_reports() from public;
grant execute on function public.my_reports() to helpdesk_app;

-- flaw: D7 my_reports
create or replace function public.my_reports() returns setof text
  language sql stable security definer
  as $$
    select r.body as body from public.reports r join memberships m on m.tenant_id = r.tenant_id
    where m.user_id = (select nullif(current_setting('app.user_id', true), ''))::uuid
  $$;

create table public.inbox (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  note text not null default '',
  primary key (tenant_id, id)
);
alter table public.inbox enable row level security;
alter table public.inbox force row level security;
create policy tenant on public.inbox using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant select on public.inbox to helpdesk_app;

create table public.messages (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  recipient uuid not null,
  note text not null default '',
  primary key (tenant_id, id)
);
alter table public.messages enable row level security;
alter table public.messages force row level security;
create policy tenant on public.messages using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant select, insert on public.messages to helpdesk_app;

-- flaw: D8 messages.deliver
create function public.deliver() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  insert into public.inbox (tenant_id, note) values (new.recipient, new.note);
  return new;
end
$$;

revoke execute on function public.deliver() from public;
create trigger deliver after insert on public.messages for each row execute function public.deliver();
grant insert on public.inbox to helpdesk_admin;

create table public.reminders (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  note text not null default '',
  primary key (tenant_id, id)
);
alter table public.reminders enable row level security;
alter table public.reminders force row level security;
create policy tenant on public.reminders using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant select, insert, update, delete on public.reminders to helpdesk_app;

create table public.alerts (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  queue_id bigint not null,
  note text not null default '',
  constraint alerts_queue_fkey foreign key (tenant_id, queue_id) references public.queues (tenant_id, id) on delete cascade,
  primary key (tenant_id, id)
);
alter table public.alerts enable row level security;
alter table public.alerts force row level security;
create policy tenant on public.alerts using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant select, insert, update, delete on public.alerts to helpdesk_app;

-- flaw: D9 alerts.forget
create function public.forget() returns trigger language plpgsql set search_path = '' as $$
begin
  delete from public.reminders where note = old.note;
  return old;
end
$$;

revoke execute on function public.forget() from public;
create trigger forget before delete on public.alerts for each row execute function public.forget();

-- flaw: D10 reports.hurry
create rule hurry as on insert to public.reports do also update public.sla_policies set minutes = minutes - 1;

-- flaw: D11 my_slas
create view public.my_slas as
  select id, minutes from public.sla_policies where tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid;

grant select on public.my_slas to helpdesk_app;

-- flaw: D14 search_reports
create function public.search_reports(term text) returns setof text
  language plpgsql stable security definer set search_path = '' as $$
begin
  return query execute 'select body from public.reports where body like ''%' || term || '%''';
end
$$;
revoke execute on function public.search_reports(text) from public;
grant execute on function public.search_reports(text) to helpdesk_app;

create table public.partners (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  partner uuid not null,
  primary key (tenant_id, id)
);
alter table public.partners enable row level security;
alter table public.partners force row level security;
create policy tenant on public.partners using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant select on public.partners to helpdesk_app;

-- flaw: D15 greet
create function public.greet(friend uuid) returns void language plpgsql set search_path = '' as $$
declare
  own text := current_setting('app.tenant_id', true);
begin
  if not exists (select from public.partners p where p.partner = friend) then
    raise exception 'no partner';
  end if;
  perform set_config('app.tenant_id', friend::text, true);
  insert into public.reminders (tenant_id, note) values (friend, 'hello');
end
$$;
revoke execute on function public.greet(uuid) from public;
grant execute on function public.greet(uuid) to helpdesk_app;

-- flaw: D16 editable_slas
create view public.editable_slas with (security_barrier = true) as
  select tenant_id, id, minutes from public.sla_policies where tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid;

grant select, insert, update on public.editable_slas to helpdesk_app;

create foreign table public.old_tickets (tenant_id uuid, number bigint) server archive;

-- flaw: F8 old_tickets
grant select on public.old_tickets to helpdesk_app;

-- flaw: P2 mentions
create table public.mentions (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  user_id uuid not null,
  primary key (id)
);

alter table public.mentions enable row level security;
alter table public.mentions force row level security;
create policy tenant on public.mentions using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant select, insert, update, delete on public.mentions to helpdesk_app;

create view public.ticket_contacts as select t.tenant_id, t.subject from public.tickets t;
grant select on public.ticket_contacts to helpdesk_app;
grant select on public.tickets to helpdesk_admin;

-- flaw: A11 public.helpdesk_owner
alter default privileges for role helpdesk_owner in schema public grant select on tables to helpdesk_app;

reset role;

-- flaw: A7 helpdesk_app
alter table public.saved_views owner to helpdesk_app;

grant create on schema public to helpdesk_admin;
alter function public.deliver() owner to helpdesk_admin;

-- flaw: D13 ticket_contacts
alter view public.ticket_contacts owner to helpdesk_admin;

revoke create on schema public from helpdesk_admin;

-- flaw: D12 looks_urgent
create function public.looks_urgent(subject text) returns boolean language plpgsql immutable leakproof cost 1 set search_path = '' as $$
begin
  if subject = '' then
    raise exception 'no subject: %', subject;
  end if;
  return subject like '%!%';
end
$$;

-- flaw: F9 warehouse
create publication warehouse for table public.customers;
