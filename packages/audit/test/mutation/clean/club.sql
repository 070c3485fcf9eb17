-- Clubs and who belongs to them: policies look memberships up; the owner is nobody's role, and its views read as the caller.
create role club_owner nologin;
create role club_app login;
create role club_mailer login;
grant usage, create on schema public to club_owner;
grant usage on schema public to club_app, club_mailer;
set role club_owner;

create table public.clubs (id uuid primary key default gen_random_uuid(), name text not null);
create table public.memberships (
  club_id uuid not null references public.clubs on delete cascade,
  user_id uuid not null,
  rank text not null default 'member',
  primary key (club_id, user_id)
);
create index on public.memberships (user_id);
create table public.events (
  club_id uuid not null references public.clubs on delete cascade,
  id uuid not null default gen_random_uuid(),
  title text not null,
  seats integer not null default 10,
  primary key (club_id, id)
);
create table public.guests (
  club_id uuid not null references public.clubs on delete cascade,
  id uuid not null default gen_random_uuid(),
  event_id uuid not null,
  home_club uuid not null,
  name text not null,
  primary key (club_id, id),
  constraint guests_event_fkey foreign key (club_id, event_id) references public.events (club_id, id) on delete cascade
);
create index on public.guests (club_id, event_id);
create table public.dues (
  club_id uuid not null references public.clubs on delete cascade,
  id uuid not null default gen_random_uuid(),
  amount integer not null,
  primary key (club_id, id)
);
create table public.minutes (
  id uuid primary key default gen_random_uuid(),
  club_id uuid not null references public.clubs on delete cascade,
  body text not null
);
create index on public.minutes (club_id);
create table public.history (
  club_id uuid not null references public.clubs on delete cascade,
  id uuid not null default gen_random_uuid(),
  what text not null,
  primary key (club_id, id)
);

create function public.me() returns uuid
  language sql stable set search_path = ''
  as $$ select nullif(pg_catalog.current_setting('club.user_id', true), '')::uuid $$;
create function public.leads(club uuid) returns boolean
  language sql stable security definer set search_path = public, pg_temp
  as $$ select exists (select from memberships m where m.club_id = club and m.user_id = me() and m.rank = 'lead') $$;
create function public.my_clubs() returns setof uuid
  language sql stable security definer set search_path = public, pg_temp
  as $$ select m.club_id from memberships m where m.user_id = (select nullif(current_setting('club.user_id', true), '')::uuid) $$;

alter table public.clubs enable row level security;
alter table public.memberships enable row level security;
alter table public.events enable row level security;
alter table public.guests enable row level security;
alter table public.dues enable row level security;
alter table public.minutes enable row level security;
alter table public.history enable row level security;
create policy mine on public.memberships for select using (user_id = (select public.me()));
create policy members on public.clubs for select
  using (exists (select 1 from public.memberships m where m.club_id = clubs.id and m.user_id = (select nullif(current_setting('club.user_id', true), ''))::uuid));
create policy members_read on public.events for select
  using (exists (select 1 from public.memberships m where m.club_id = events.club_id and m.user_id = (select nullif(current_setting('club.user_id', true), ''))::uuid));
create policy leads_write on public.events for all using (public.leads(club_id)) with check (public.leads(club_id));
create policy members on public.guests
  using (exists (select 1 from public.memberships m where m.club_id = guests.club_id and m.user_id = (select nullif(current_setting('club.user_id', true), ''))::uuid))
  with check (exists (select 1 from public.memberships m where m.club_id = guests.club_id and m.user_id = (select nullif(current_setting('club.user_id', true), ''))::uuid));
create policy members on public.dues for select
  using (exists (select 1 from public.memberships m where m.club_id = dues.club_id and m.user_id = (select nullif(current_setting('club.user_id', true), ''))::uuid));
create policy members on public.minutes
  using (club_id in (select public.my_clubs())) with check (club_id in (select public.my_clubs()));
create policy members on public.history for select using (club_id in (select public.my_clubs()));

create view public.open_events with (security_invoker = true) as select club_id, id, title from public.events where seats > 0;
create view public.guest_list with (security_invoker = true) as select club_id, event_id, name from public.guests;
create view public.debts with (security_invoker = true) as select club_id, sum(amount) as total from public.dues group by 1;
create function public.seats_left(event uuid) returns integer
  language sql stable set search_path = ''
  as $$ select e.seats from public.events e where e.id = event $$;
create function public.guests_of(event uuid) returns setof public.guests
  language sql stable set search_path = ''
  as $$ select g.* from public.guests g where g.event_id = event $$;
create function public.minutes_about(word text) returns setof text
  language plpgsql stable set search_path = ''
  as $$ begin return query select m.body from public.minutes m where m.body like '%' || word || '%'; end $$;

create function public.note_guest() returns trigger
  language plpgsql security definer set search_path = ''
  as $$
  begin
    if new.home_club not in (select public.my_clubs()) then
      raise exception 'another club' using errcode = '42501';
    end if;
    insert into public.history (club_id, what) values (new.home_club, new.name);
    return new;
  end
  $$;
create trigger note_guest after insert on public.guests for each row execute function public.note_guest();

create function public.addresses(wanted uuid) returns setof uuid
  language sql stable security definer set search_path = ''
  as $$ select m.user_id from public.memberships m where m.club_id = wanted $$;
revoke execute on function public.addresses(uuid) from public;
grant execute on function public.addresses(uuid) to club_mailer;
create function public.forget_club(wanted uuid) returns void
  language sql security definer set search_path = ''
  as $$ delete from public.history h where h.club_id = wanted $$;
revoke execute on function public.forget_club(uuid) from public;
create function public.all_minutes() returns setof text
  language plpgsql stable security definer set search_path = ''
  as $$ begin return query select m.body from public.minutes m; end $$;
revoke execute on function public.all_minutes() from public;

grant select on public.clubs, public.memberships, public.dues, public.history to club_app;
grant select, insert, update, delete on public.events, public.guests, public.minutes to club_app;
grant select on public.open_events, public.guest_list, public.debts to club_app;
