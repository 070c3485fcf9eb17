-- The organisation stands in the token.
create table public.orgs (id uuid primary key, name text);
create table public.documents (id uuid primary key, org_id uuid not null, owner_id uuid, body text);
create table public.templates (id uuid primary key, org_id uuid, body text);
create function public.jwt_org() returns uuid language sql stable as
  $$ select ((select auth.jwt()) -> 'app_metadata' ->> 'org_id')::uuid $$;
alter table public.orgs enable row level security;
alter table public.documents enable row level security;
alter table public.templates enable row level security;
create policy org on public.orgs for select to authenticated using (id = public.jwt_org());
create policy org on public.documents for all to authenticated using (org_id = ((auth.jwt() -> 'app_metadata'::text) ->> 'org_id'::text)::uuid);
create policy org on public.templates for select to authenticated using (org_id is null or org_id = public.jwt_org());
