-- Supabase with files: the path of an object starts with the user's id.
create schema storage;
create table storage.buckets (id text primary key, name text);
create table storage.objects (id uuid primary key default gen_random_uuid(), bucket_id text references storage.buckets, name text, owner uuid);
create function storage.foldername(name text) returns text[] language plpgsql as $$
declare parts text[];
begin
  select string_to_array(name, '/') into parts;
  return parts[1:array_length(parts, 1) - 1];
end $$;
alter table storage.objects enable row level security;
create table public.photos (id uuid primary key, user_id uuid not null references auth.users on delete cascade, path text);
alter table public.photos enable row level security;
create policy own on public.photos using (user_id = auth.uid());
create policy own on storage.objects using (bucket_id = 'photos' and (storage.foldername(name))[1] = (auth.uid())::text);
