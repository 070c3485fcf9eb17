-- Supabase with users of another provider: the text of the claim is the owner, and the plan is a claim, too.
create table public.courses (id uuid primary key, minimum_plan text not null, title text);
create table public.lessons (id uuid primary key, course_id uuid not null references public.courses, body text);
create table public.progress (user_id text not null default (auth.jwt() ->> 'sub'), lesson_id uuid not null references public.lessons, seen boolean, primary key (user_id, lesson_id));
create table public.bookmarks (id uuid primary key, owner text not null, lesson_id uuid references public.lessons);
alter table public.courses enable row level security;
alter table public.lessons enable row level security;
alter table public.progress enable row level security;
alter table public.bookmarks enable row level security;
create function public.requesting_user_id() returns text language sql stable as $$ select nullif(current_setting('request.jwt.claims', true)::json ->> 'sub', '')::text $$;
create policy plan on public.courses for select using (minimum_plan = auth.jwt() ->> 'plan' or minimum_plan = 'free');
create policy anyone on public.lessons for select using (true);
create policy own on public.progress using (public.requesting_user_id() = user_id);
create policy own on public.bookmarks using ((select public.requesting_user_id()) = owner);
