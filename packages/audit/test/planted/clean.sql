-- A helpdesk for many companies, as SQL migrations make it: the clean twin of flawed.sql.
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

create role helpdesk_api login;

grant usage on schema public to helpdesk_api;

alter role helpdesk_app set search_path = tenant_north;

create role helpdesk_admin nologin bypassrls;
grant usage on schema public to helpdesk_admin;
create foreign data wrapper archive;
create server archive foreign data wrapper archive;
grant usage on foreign server archive to helpdesk_owner;

create role helpdesk_portal nologin;
create role helpdesk_gate login noinherit;
grant helpdesk_portal to helpdesk_gate;
grant usage on schema public to helpdesk_portal;

do $$ begin execute format('revoke connect, temporary on database %1$I from public; grant connect on database %1$I to helpdesk_app', current_database()); end $$;

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

create policy joining on public.memberships for insert with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid and user_id = (select nullif(current_setting('app.user_id', true), ''))::uuid);

create function public.current_tenant() returns uuid
  language sql stable set search_path = ''
  as $$ select nullif(pg_catalog.current_setting('app.tenant_id', true), '')::uuid $$;

create function public.is_member(tenant uuid) returns boolean
  language sql stable set search_path = ''
  as $$ select exists (select from public.memberships m where m.tenant_id = tenant and m.user_id = nullif(pg_catalog.current_setting('app.user_id', true), '')::uuid) $$;

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

alter table public.customers add constraint customers_email_key unique (tenant_id, email);

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
  primary key (tenant_id, id)
);
alter table public.queues enable row level security;
alter table public.queues force row level security;
create policy tenant on public.queues using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant select, insert, update, delete on public.queues to helpdesk_app;

create table public.routes (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  queue_id bigint not null,
  constraint routes_queue_fkey foreign key (tenant_id, queue_id) references public.queues (tenant_id, id),
  primary key (tenant_id, id)
);

alter table public.routes enable row level security;
alter table public.routes force row level security;
create policy tenant on public.routes using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant select, insert, update, delete on public.routes to helpdesk_app;

create table public.watchers (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  queue_id bigint not null,
  constraint watchers_queue_fkey foreign key (tenant_id, queue_id) references public.queues (tenant_id, id) on delete cascade,
  primary key (tenant_id, id)
);

alter table public.watchers enable row level security;
alter table public.watchers force row level security;
create policy tenant on public.watchers using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant select, insert, update, delete on public.watchers to helpdesk_app;

create table public.rotas (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  queue_id bigint not null,
  constraint rotas_queue_fkey foreign key (tenant_id, queue_id) references public.queues (tenant_id, id) on delete restrict,
  primary key (tenant_id, id)
);

alter table public.rotas enable row level security;
alter table public.rotas force row level security;
create policy tenant on public.rotas using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant select, insert, update, delete on public.rotas to helpdesk_app;

create table public.drafts (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  ticket_id uuid,
  body text,
  constraint drafts_ticket_fkey foreign key (tenant_id, ticket_id) references public.tickets (tenant_id, id) on delete set null (ticket_id),
  primary key (tenant_id, id)
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

alter table public.attachments enable row level security;
alter table public.attachments force row level security;
create policy tenant on public.attachments using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);

create table public.macros (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  body text not null,
  primary key (tenant_id, id)
);
create policy tenant on public.macros using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant select, insert, update, delete on public.macros to helpdesk_app;

alter table public.macros enable row level security;
alter table public.macros force row level security;

create table public.sla_policies (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  minutes integer not null,
  primary key (tenant_id, id)
);
alter table public.sla_policies enable row level security;
create policy tenant on public.sla_policies using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant select, insert, update, delete on public.sla_policies to helpdesk_app;

alter table public.sla_policies force row level security;

create function public.slowest_sla() returns integer
  language sql stable security invoker set search_path = ''
  as $$ select max(s.minutes) from public.sla_policies s $$;

revoke execute on function public.slowest_sla() from public;

grant execute on function public.slowest_sla() to helpdesk_app;

create function public.fastest_sla() returns integer
  language sql stable security definer set search_path = ''
  as $$ select min(s.minutes) from public.sla_policies s $$;

revoke execute on function public.fastest_sla() from public;

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

create policy floor on public.salaries as restrictive for all using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);

create table public.tickets_2024 (like public.tickets including all);
grant select, insert, update, delete on public.tickets_2024 to helpdesk_app;
alter table public.tickets_2024 enable row level security;
alter table public.tickets_2024 force row level security;
create policy tenant on public.tickets_2024 using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);

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

create policy floor_too on public.surveys as restrictive using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);

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

do $$ begin
  alter table public.exports no force row level security;
  update public.exports set path = lower(path);
  alter table public.exports force row level security;
end $$;

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

create table public.tags (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  primary key (tenant_id, id)
);
alter table public.tags enable row level security;
alter table public.tags force row level security;
grant select, insert, update, delete on public.tags to helpdesk_app;

create policy tenant on public.tags using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);

create table public.webhooks (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  primary key (tenant_id, id)
);
alter table public.webhooks enable row level security;
alter table public.webhooks force row level security;
grant select, insert, update, delete on public.webhooks to helpdesk_app;

create policy tenant on public.webhooks using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);

create table public.api_keys (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  hash bytea not null,
  primary key (tenant_id, id)
);
alter table public.api_keys enable row level security;
alter table public.api_keys force row level security;
grant select, insert, update, delete on public.api_keys to helpdesk_app;

create policy tenant on public.api_keys using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);

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

create policy change on public.checklists for update using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);

create policy remove on public.checklists for delete using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);

create policy make on public.checklists for insert with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);

create table public.teams (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  primary key (tenant_id, id)
);
alter table public.teams enable row level security;
alter table public.teams force row level security;
grant select on public.teams to helpdesk_app;

create policy tenant on public.teams for select using (exists (select 1 from public.memberships m where m.tenant_id = teams.tenant_id and m.user_id = (select nullif(current_setting('app.user_id', true), ''))::uuid));

create table public.greetings (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  primary key (tenant_id, id)
);
alter table public.greetings enable row level security;
alter table public.greetings force row level security;
grant select, insert, update, delete on public.greetings to helpdesk_app;

create policy tenant on public.greetings using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);

create table public.imports (
  tenant_id text not null,
  id uuid not null default gen_random_uuid(),
  file text,
  primary key (tenant_id, id)
);
alter table public.imports enable row level security;
alter table public.imports force row level security;
grant select, insert, update, delete on public.imports to helpdesk_app;

create policy tenant on public.imports using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')));

create table public.signatures (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  body text,
  primary key (tenant_id, id)
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

create policy tenant on public.holidays using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);

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

create function public.enter(tenant uuid) returns void language plpgsql set search_path = '' as $$
begin
  perform pg_catalog.set_config('app.tenant_id', tenant::text, true);
end
$$;
revoke execute on function public.enter(tenant uuid) from public;
grant execute on function public.enter(tenant uuid) to helpdesk_app;

create function public.switch_to(tenant uuid) returns void language plpgsql set search_path = '' as $$
begin
  execute pg_catalog.format('set local app.tenant_id = %L', tenant);
end
$$;
revoke execute on function public.switch_to(tenant uuid) from public;
grant execute on function public.switch_to(tenant uuid) to helpdesk_app;

create function public.make_report() returns void language plpgsql set search_path = '' as $$
begin
  create temporary table report on commit drop as select t.subject from public.tickets t;
end
$$;
revoke execute on function public.make_report() from public;
grant execute on function public.make_report() to helpdesk_app;

create function public.renumber() returns void language plpgsql set search_path = '' as $$
begin
  perform from public.tickets for update;
  update public.tickets set number = number + 1;
end
$$;
revoke execute on function public.renumber() from public;
grant execute on function public.renumber() to helpdesk_app;

create function public.tell() returns trigger language plpgsql set search_path = '' as $$
begin
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

create trigger audit after insert on public.tickets
  for each row execute function public.audit();

create view public.sla_overview with (security_invoker = true) as select s.tenant_id, s.minutes from public.sla_policies s;

grant select on public.sla_overview to helpdesk_app;

create view public.ticket_subjects with (security_invoker = true) as select t.id, t.subject from public.tickets t;
grant select on public.ticket_subjects to helpdesk_app;

create or replace view public.ticket_subjects with (security_invoker = true) as select t.id, t.subject, t.slug from public.tickets t;

create materialized view public.ticket_counts as select t.tenant_id, count(*) as tickets from public.tickets t group by t.tenant_id;

create function public.count_articles(tenant uuid) returns bigint
  language sql stable security definer set search_path = public, pg_temp
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

alter table public.bookings add constraint one_at_a_time exclude using gist (tenant_id with =, room with =, during with &&);
alter table public.bookings force row level security;

create function public.book(wanted_room integer, wanted_hours int4range) returns void
  language sql security definer set search_path = ''
  as $$ insert into public.bookings (tenant_id, room, during)
        values (nullif(pg_catalog.current_setting('app.tenant_id', true), '')::uuid, wanted_room, wanted_hours) $$;
revoke execute on function public.book(integer, int4range) from public;
grant execute on function public.book(integer, int4range) to helpdesk_app;

create function public.day_is_free(wanted bigint) returns boolean language sql immutable set search_path = ''
  as $$ select wanted > 0 $$;
alter table public.rotas add constraint day_is_free check (public.day_is_free(queue_id));

do $$ begin
  alter table public.tickets no force row level security;
  update public.tickets set slug = lower(subject) where slug is null;
  alter table public.tickets force row level security;
end $$;

create table public.notes (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  body text not null,
  primary key (tenant_id, id)
);
alter table public.notes enable row level security;
alter table public.notes force row level security;
create policy tenant on public.notes using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);

grant select, insert, update, delete on public.notes to helpdesk_app;

create sequence public.ticket_number;

create table public.recordings (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  content bytea not null,
  primary key (tenant_id, id)
);

alter table public.recordings enable row level security;
alter table public.recordings force row level security;
create policy tenant on public.recordings using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant select, insert, update, delete on public.recordings to helpdesk_app;

create table pgboss.job (id uuid primary key default gen_random_uuid(), name text not null, data jsonb not null);

create table tenant_north.themes (id uuid primary key, css text);
create table tenant_south.themes (id uuid primary key, css text);
create table tenant_south.slogans (id uuid primary key, body text);

create table public.slogans (id uuid primary key, body text);

create index tickets_by_priority on public.tickets (tenant_id, number);

create table public.calls_2025 partition of public.calls for values from ('2025-01-01') to ('2026-01-01');

alter table public.calls detach partition public.calls_2025;
alter table public.calls_2025 enable row level security;
alter table public.calls_2025 force row level security;
create policy tenant on public.calls_2025 using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);

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

create policy tenant on public.snippets using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')));

create table public.invoices (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  amount bigint not null,
  primary key (tenant_id, id)
);
alter table public.invoices enable row level security;
alter table public.invoices force row level security;
grant select, insert, update, delete on public.invoices to helpdesk_app;

create policy tenant on public.invoices using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);

create table public.legacy_tickets (
  tenant_id text not null,
  id uuid not null default gen_random_uuid(),
  subject text,
  primary key (tenant_id, id)
);
alter table public.legacy_tickets enable row level security;
alter table public.legacy_tickets force row level security;
grant select, insert, update, delete on public.legacy_tickets to helpdesk_app;

create policy tenant on public.legacy_tickets using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')));

create table public.shifts (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  starts date not null,
  primary key (tenant_id, id)
);
alter table public.shifts enable row level security;
alter table public.shifts force row level security;
grant select, insert, update, delete on public.shifts to helpdesk_app;

create function public.shift_tenant() returns uuid
  language sql stable set search_path = ''
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

create policy tenant on public.escalations for select using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);

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

create procedure public.close_month(tenant uuid) language plpgsql as $$
begin
  perform set_config('app.tenant_id', tenant::text, true);
  update public.reports set body = 'closed';
  commit;
  perform set_config('app.tenant_id', tenant::text, true);
  update public.reports set body = body || ', sent';
  perform set_config('app.tenant_id', '', true);
end
$$;

create function public.import_lines(tenant uuid) returns setof text language plpgsql set search_path = '' as $$
begin
  perform pg_catalog.set_config('app.tenant_id', tenant::text, true);
  begin
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

create or replace function public.my_reports() returns setof text
  language sql stable security definer set search_path = public, pg_temp
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

create function public.deliver() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  if new.recipient is distinct from (select nullif(current_setting('app.tenant_id', true), ''))::uuid then
    raise exception 'another company' using errcode = '42501';
  end if;
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

create function public.forget() returns trigger language plpgsql set search_path = '' as $$
begin
  delete from public.reminders where note = old.note and tenant_id = old.tenant_id;
  return old;
end
$$;

revoke execute on function public.forget() from public;
create trigger forget before delete on public.alerts for each row execute function public.forget();

create rule hurry as on insert to public.reports do also update public.sla_policies set minutes = minutes - 1 where tenant_id = new.tenant_id;

create view public.my_slas with (security_barrier = true) as
  select id, minutes from public.sla_policies where tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid;

grant select on public.my_slas to helpdesk_app;

create function public.search_reports(term text) returns setof text
  language plpgsql stable security definer set search_path = '' as $$
begin
  return query execute 'select body from public.reports where body like $1' using '%' || term || '%';
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

create function public.greet(friend uuid) returns void language plpgsql set search_path = '' as $$
declare
  own text := current_setting('app.tenant_id', true);
begin
  if not exists (select from public.partners p where p.partner = friend) then
    raise exception 'no partner';
  end if;
  perform set_config('app.tenant_id', friend::text, true);
  insert into public.reminders (tenant_id, note) values (friend, 'hello');
  perform set_config('app.tenant_id', own, true);
end
$$;
revoke execute on function public.greet(uuid) from public;
grant execute on function public.greet(uuid) to helpdesk_app;

create view public.editable_slas with (security_barrier = true) as
  select tenant_id, id, minutes from public.sla_policies where tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid
  with check option;

grant select, insert, update on public.editable_slas to helpdesk_app;

create foreign table public.old_tickets (tenant_id uuid, number bigint) server archive;

create table public.mentions (
  tenant_id uuid not null references public.tenants (id),
  id uuid not null default gen_random_uuid(),
  user_id uuid not null,
  primary key (tenant_id, id)
);

alter table public.mentions enable row level security;
alter table public.mentions force row level security;
create policy tenant on public.mentions using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant select, insert, update, delete on public.mentions to helpdesk_app;

create view public.ticket_contacts as select t.tenant_id, t.subject from public.tickets t;
grant select on public.ticket_contacts to helpdesk_app;
grant select on public.tickets to helpdesk_admin;

reset role;

grant create on schema public to helpdesk_admin;
alter function public.deliver() owner to helpdesk_admin;

revoke create on schema public from helpdesk_admin;

create function public.looks_urgent(subject text) returns boolean language plpgsql immutable cost 1 set search_path = '' as $$
begin
  if subject = '' then
    raise exception 'no subject: %', subject;
  end if;
  return subject like '%!%';
end
$$;

create publication warehouse for table public.customers where (tenant_id = 'bbbbbbbb-0000-4000-8000-00000000000b');
