/** Cases of policies on Supabase's storage.objects: no column there holds a tenant. On top of the shop, with storage as Supabase makes it. */
import type { RuleCase } from "./case.ts";

const storage = `reset role; create role authenticated nologin; create role anon nologin; grant authenticated to shop_app; grant anon to shop_app; create schema auth; create schema storage;
  grant usage on schema auth, storage to authenticated, anon, public;
  create function auth.uid() returns uuid language sql stable as $$ select nullif(current_setting('request.jwt.claim.sub', true), '')::uuid $$;
  create function public.can_see(file text) returns boolean language sql stable as $$ select file like auth.uid()::text || '/%' $$;
  create table storage.buckets (id text primary key, name text, public boolean default false);
  create table storage.objects (id uuid primary key default gen_random_uuid(), bucket_id text references storage.buckets, name text, owner uuid, owner_id text);
  create function storage.foldername(name text) returns text[] language sql immutable as $$ select string_to_array(name, '/') $$;
  create function storage.extension(name text) returns text language sql immutable as $$ select split_part(name, '.', 2) $$;
  create table public.members (tenant_id uuid not null references public.tenants, name text, user_id uuid not null, primary key (tenant_id, user_id));
  alter table public.members enable row level security;
  alter table storage.objects enable row level security; alter table storage.buckets enable row level security;
  grant all on storage.objects to authenticated, anon; grant select on public.members to authenticated;
  insert into storage.buckets (id, name, public) values ('docs', 'docs', false), ('site', 'site', true);`;
const one = (name: string, policies: readonly string[], found: readonly string[]): RuleCase => ({
  name: `B13, storage: ${name}`,
  sql: `${storage} ${policies.map((text, at) => `create policy p${at} on storage.objects ${text};`).join(" ")}`,
  of: ["B1", "B2", "B10", "B13", "B21"],
  found,
});
const p = (at: number, severity: string): string => `B13-storage.objects.p${at} ${severity}`;

/** The cases. */
export const casesStorage: readonly RuleCase[] = [
  one(
    "only the bucket, for each command",
    [
      "for select to authenticated using (bucket_id = 'docs')",
      "for insert to authenticated with check (bucket_id = 'docs')",
      "for delete to authenticated using (bucket_id = 'docs' and auth.uid() is not null)",
      "to authenticated using (bucket_id = 'site')",
      "for select using (true)",
    ],
    [p(0, "high"), p(1, "high"), p(2, "critical"), p(3, "critical"), p(4, "high")],
  ),
  one(
    "one of two branches, a captured name, an extension, a membership of anything",
    [
      "for select to authenticated using (bucket_id = 'docs' and (owner = auth.uid() or auth.uid() is not null))",
      "for select to authenticated using (bucket_id = 'docs' and exists (select from public.members m where m.user_id = auth.uid() and m.tenant_id::text = (storage.foldername(m.name))[1]))",
      "for select to authenticated using (bucket_id = 'docs' and storage.extension(name) = 'pdf')",
      "for select to authenticated using (bucket_id = 'docs' and exists (select from public.members m where m.user_id = auth.uid()))",
    ],
    [p(0, "high"), p(1, "high"), p(2, "high"), p(3, "high")],
  ),
  one(
    "the owner, the path, a helper that is given the path, a membership of the folder, a public bucket, strangers",
    [
      "to authenticated using (bucket_id = 'docs' and owner_id = auth.uid()::text)",
      "to authenticated using (bucket_id = 'docs' and (storage.foldername(name))[1] = auth.uid()::text)",
      "to authenticated using (bucket_id = 'docs' and public.can_see(name))",
      "for select to authenticated using (bucket_id = 'docs' and exists (select from public.members m where m.user_id = auth.uid() and m.tenant_id::text = (storage.foldername(objects.name))[1]))",
      "for select to authenticated using (bucket_id = 'docs' and split_part(name, '/', 1) in (select m.tenant_id::text from public.members m where m.user_id = auth.uid()))",
      "for select using (bucket_id = 'site')",
      "for select to anon using (bucket_id = 'docs')",
    ],
    [],
  ),
  one(
    "a folder for all, a bucket whose name says public",
    [
      "for select to authenticated using (bucket_id = 'docs' and (storage.foldername(name))[1] = 'templates')",
      "for select using (bucket_id = 'avatars')",
    ],
    [p(0, "low"), p(1, "low")],
  ),
];
