-- Personal things and organisations in one schema, with roles of members in a table of their own.
create type public.member_role as enum ('admin', 'member');
create table public.organizations (id uuid primary key, title text);
create table public.organization_members (id uuid primary key, organization_id uuid not null references public.organizations, member_id uuid not null references auth.users, member_role public.member_role not null default 'member');
create table public.organization_invites (id uuid primary key, organization_id uuid not null references public.organizations, inviter_user_id uuid not null references auth.users, invitee_email text);
create table public.user_profiles (id uuid primary key references auth.users, full_name text);
create table public.user_notifications (id uuid primary key, user_id uuid references auth.users, payload jsonb);
create table public.products (id text primary key, active boolean);
create table public.prices (id text primary key, product_id text references public.products);
create table public.customers (stripe_customer_id text primary key, organization_id uuid not null references public.organizations);
create table public.subscriptions (id text primary key, organization_id uuid references public.organizations, price_id text references public.prices);
create function public.get_organizations_for_user(user_id uuid) returns table (organization_id uuid) language plpgsql security definer as $$
begin
  return query select om.organization_id from organization_members om where om.member_id = user_id;
end $$;
alter table public.organizations enable row level security;
alter table public.organization_members enable row level security;
alter table public.organization_invites enable row level security;
alter table public.user_profiles enable row level security;
alter table public.user_notifications enable row level security;
alter table public.products enable row level security;
alter table public.prices enable row level security;
alter table public.customers enable row level security;
alter table public.subscriptions enable row level security;
create policy members on public.organizations for select to authenticated using (id in (select organization_id from public.get_organizations_for_user(auth.uid())));
create policy members on public.organization_members for select to authenticated using (organization_id in (select organization_id from public.get_organizations_for_user(auth.uid())));
create policy members on public.customers for select to authenticated using (organization_id in (select g.organization_id from public.get_organizations_for_user(auth.uid()) g));
create policy own on public.user_profiles for all to authenticated using (auth.uid() = id);
create policy own on public.user_notifications for all to authenticated using (auth.uid() = user_id);
create policy anyone on public.products for select using (true);
create policy anyone on public.prices for select using (true);
