-- Supabase, each user a tenant: policies on auth.uid(), a profile made by a definer trigger, public profiles declared as such.
create table public.profiles (
  id uuid primary key references auth.users on delete cascade,
  username text unique,
  avatar_url text,
  updated_at timestamptz not null default now()
);
alter table public.profiles enable row level security;
create policy "Users can view own profile" on public.profiles for select to authenticated using ((select auth.uid()) = id);
create policy "Users can update own profile" on public.profiles for update to authenticated
  using ((select auth.uid()) = id) with check ((select auth.uid()) = id);

create function public.handle_new_user() returns trigger
  language plpgsql security definer set search_path = ''
  as $$
  begin
    insert into public.profiles (id, username) values (new.id, new.email);
    return new;
  end
  $$;
create trigger on_auth_user_created after insert on auth.users for each row execute function public.handle_new_user();

create table public.todos (
  id bigint primary key generated always as identity,
  user_id uuid not null default auth.uid() references auth.users on delete cascade,
  task text check (char_length(task) > 3),
  is_complete boolean not null default false
);
create index on public.todos (user_id);
alter table public.todos enable row level security;
create policy "Individuals can create todos." on public.todos for insert to authenticated with check ((select auth.uid()) = user_id);
create policy "Individuals can view their own todos." on public.todos for select to authenticated using ((select auth.uid()) = user_id);
create policy "Individuals can update their own todos." on public.todos for update to authenticated using ((select auth.uid()) = user_id);
create policy "Individuals can delete their own todos." on public.todos for delete to authenticated using ((select auth.uid()) = user_id);

create function public.touch_updated_at() returns trigger
  language plpgsql set search_path = ''
  as $$ begin new.updated_at := now(); return new; end $$;
create trigger touch before update on public.profiles for each row execute function public.touch_updated_at();

create view public.open_todos with (security_invoker = true) as
  select id, task from public.todos where not is_complete;

create function public.delete_my_account() returns void
  language sql security definer set search_path = ''
  as $$ delete from auth.users where id = (select auth.uid()) $$;
