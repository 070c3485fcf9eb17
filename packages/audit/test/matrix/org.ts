// Organisations of Supabase, clean, and what spoils them. Goes behind the base of Supabase.
import type { Spoiled } from "./shop-spoiled.ts";

/** Organisations, memberships, profiles and notes as one would want them. */
export const cleanOrg = `
create schema private;
create table public.organizations (id uuid primary key default gen_random_uuid(), name text not null);
create table public.memberships (organization_id uuid not null references public.organizations on delete cascade, user_id uuid not null references auth.users on delete cascade, role text not null default 'member' check (role in ('member', 'owner')), primary key (organization_id, user_id));
create table public.profiles (id uuid primary key references auth.users, nickname text);
create table public.notes (id uuid primary key default gen_random_uuid(), organization_id uuid not null references public.organizations, author_id uuid references auth.users, body text not null, unique (organization_id, id));
create table public.comments (id uuid primary key default gen_random_uuid(), organization_id uuid not null references public.organizations, note_id uuid not null, body text, foreign key (organization_id, note_id) references public.notes (organization_id, id) on delete cascade);
create function private.is_member(org uuid) returns boolean language sql stable security definer set search_path = '' as
  $$ select exists (select 1 from public.memberships m where m.organization_id = org and m.user_id = (select auth.uid())) $$;
create function private.shares_org(other uuid) returns boolean language sql stable security definer set search_path = '' as
  $$ select exists (select 1 from public.memberships mine join public.memberships theirs using (organization_id) where mine.user_id = (select auth.uid()) and theirs.user_id = other) $$;
revoke all on all functions in schema private from public;
grant usage on schema private to authenticated;
grant execute on function private.is_member(uuid), private.shares_org(uuid) to authenticated;
alter table public.organizations enable row level security;
alter table public.memberships enable row level security;
alter table public.profiles enable row level security;
alter table public.notes enable row level security;
alter table public.comments enable row level security;
create policy mine on public.organizations for select to authenticated using (private.is_member(id));
create policy mine on public.memberships for select to authenticated using (private.is_member(organization_id));
create policy seen on public.profiles for select to authenticated using (id = (select auth.uid()) or private.shares_org(id));
create policy mine on public.profiles for update to authenticated using (id = (select auth.uid()));
create policy mine on public.notes for all to authenticated using (private.is_member(organization_id));
create policy mine on public.comments for all to authenticated using (private.is_member(organization_id));
revoke truncate, references, trigger on all tables in schema public from anon, authenticated;
`;

/** One thing spoiled each. */
export const spoiledOrg: readonly Spoiled[] = [
  {
    name: "a user may insert its own membership of any organisation",
    sql: "create policy join_any on public.memberships for insert to authenticated with check (user_id = (select auth.uid()))",
    table: "notes",
    column: "side-door",
    vector: "B11",
    evidence: /read 2 rows? of tenant B/,
  },
  {
    name: "a user may insert its own membership: the row itself",
    sql: "create policy join_any on public.memberships for insert to authenticated with check (user_id = (select auth.uid()))",
    table: "memberships",
    column: "insert",
    vector: "B8",
    evidence: /planted in tenant B's memberships/,
    also: ["side-door"],
  },
  {
    name: "a member may move its membership",
    sql: "create policy move on public.memberships for update to authenticated using (user_id = (select auth.uid())) with check (user_id = (select auth.uid()))",
    table: "comments",
    column: "side-door",
    vector: "B11",
    evidence: /rows? of tenant B/,
  },
  {
    name: "policies that believe the profile",
    sql: "alter table public.profiles add column current_org uuid references public.organizations; create policy current on public.notes for select to authenticated using (organization_id = (select p.current_org from public.profiles p where p.id = (select auth.uid())))",
    table: "notes",
    column: "side-door",
    vector: "B11",
    evidence: /rows? of tenant B/,
  },
  {
    name: "everybody may read, also without signing in",
    sql: "create policy everybody on public.notes for select to anon using (true)",
    table: "notes",
    column: "read",
    vector: "B1",
    evidence: /rows? of tenant B/,
  },
  {
    name: "signed in is enough",
    sql: "create policy signed_in on public.notes for select to authenticated using ((select auth.uid()) is not null)",
    table: "notes",
    column: "read",
    vector: "B1",
    evidence: /rows? of tenant B/,
  },
  {
    name: "a column that binds inward",
    sql: "create policy inward on public.comments for select to authenticated using (exists (select 1 from public.memberships m where m.organization_id = organization_id and m.user_id = (select auth.uid())))",
    table: "comments",
    column: "read",
    vector: "B1",
    evidence: /rows? of tenant B/,
  },
  {
    name: "a helper that finds a temporary table first",
    sql: "create function public.may_see(org uuid) returns boolean language sql stable as $$ select exists (select 1 from memberships where organization_id = org and user_id = auth.uid()) $$; create policy helped on public.notes for select to authenticated using (public.may_see(organization_id))",
    table: "notes",
    column: "side-door",
    vector: "B17",
    evidence: /rows? of tenant B/,
  },
  {
    name: "a function that gives any organisation's notes",
    sql: "create function public.notes_of(org_id uuid) returns setof public.notes language sql stable security definer set search_path = '' as $$ select * from public.notes where organization_id = org_id $$",
    table: "notes",
    column: "side-door",
    vector: "D4",
    evidence: /rows? with data of tenant B/,
  },
  {
    name: "a function that lets anybody join",
    sql: "create function public.join_organization(org_id uuid) returns void language sql security definer set search_path = '' as $$ insert into public.memberships (organization_id, user_id) values (org_id, auth.uid()) $$",
    table: "memberships",
    column: "side-door",
    vector: "D4",
    evidence: /planted in tenant B's memberships/,
  },
  {
    name: "owners may do what members may not, and an owner is whoever says so",
    sql: "create policy owners on public.notes for delete to authenticated using (exists (select 1 from public.memberships m where m.user_id = (select auth.uid()) and m.role = 'owner'))",
    table: "notes",
    column: "delete",
    vector: "B7",
    evidence: /gone/,
  },
];
