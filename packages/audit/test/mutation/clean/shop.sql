-- A shop for many merchants: composite keys, FORCE, partitions, materialized views behind functions, filtered publications, triggers that check.
create role shop_owner nologin;
create role shop_app login;
create role shop_worker login bypassrls;
grant usage, create on schema public to shop_owner;
grant usage on schema public to shop_app, shop_worker;
set role shop_owner;

create function public.tenant() returns bigint
  language sql stable parallel safe set search_path = ''
  as $$ select nullif(pg_catalog.current_setting('shop.tenant', true), '')::bigint $$;

create table public.tenants (id bigint primary key, name text not null);
create table public.customers (
  tenant_id bigint not null references public.tenants,
  id bigint generated always as identity,
  email text not null,
  primary key (tenant_id, id),
  unique (tenant_id, email)
);
create table public.orders (
  tenant_id bigint not null references public.tenants,
  id bigint generated always as identity,
  customer_id bigint not null,
  recipient bigint not null,
  note text not null default '',
  primary key (tenant_id, id),
  constraint orders_customer_fkey foreign key (tenant_id, customer_id) references public.customers (tenant_id, id)
);
create index on public.orders (tenant_id, customer_id);
create table public.lines (
  tenant_id bigint not null references public.tenants,
  id bigint generated always as identity,
  order_id bigint not null,
  what text not null,
  primary key (tenant_id, id),
  constraint lines_order_fkey foreign key (tenant_id, order_id) references public.orders (tenant_id, id) on delete cascade
);
create index on public.lines (tenant_id, order_id);
create table public.deliveries (
  tenant_id bigint not null references public.tenants,
  id uuid not null default gen_random_uuid() primary key,
  order_id bigint not null,
  address text,
  constraint deliveries_order_fkey foreign key (tenant_id, order_id) references public.orders (tenant_id, id) on delete restrict
);
create index on public.deliveries (tenant_id, order_id);
create table public.outbox (
  tenant_id bigint not null references public.tenants,
  id uuid not null default gen_random_uuid(),
  body text not null,
  primary key (tenant_id, id)
);
create table public.visits (
  tenant_id bigint not null references public.tenants,
  id bigint generated always as identity,
  day date not null,
  page text not null,
  primary key (tenant_id, day, id)
) partition by range (day);
create table public.visits_2026 partition of public.visits for values from ('2026-01-01') to ('2027-01-01');
create table public.visits_2027 partition of public.visits for values from ('2027-01-01') to ('2028-01-01');

alter table public.tenants enable row level security;
alter table public.tenants force row level security;
alter table public.customers enable row level security;
alter table public.customers force row level security;
alter table public.orders enable row level security;
alter table public.orders force row level security;
alter table public.lines enable row level security;
alter table public.lines force row level security;
alter table public.deliveries enable row level security;
alter table public.deliveries force row level security;
alter table public.outbox enable row level security;
alter table public.visits enable row level security;
alter table public.visits force row level security;
create policy own on public.tenants using (id = (select public.tenant()));
create policy own on public.customers using (tenant_id = (select public.tenant())) with check (tenant_id = (select public.tenant()));
create policy own on public.orders using (tenant_id = (select public.tenant()));
create policy own on public.lines using (tenant_id = (select public.tenant()));
create policy own on public.outbox using (tenant_id = (select public.tenant()));
create policy own on public.visits using (tenant_id = (select public.tenant()));
create policy own_read on public.deliveries for select using (tenant_id = (select public.tenant()));
create policy own_insert on public.deliveries for insert with check (tenant_id = (select public.tenant()));
create policy own_update on public.deliveries for update
  using (tenant_id = (select public.tenant())) with check (tenant_id = (select public.tenant()));
create policy own_delete on public.deliveries for delete using (tenant_id = (select public.tenant()));

create materialized view public.orders_by_tenant as
  select tenant_id, count(*) as many from public.orders group by 1 with no data;
create materialized view public.visits_by_page as
  select tenant_id, page, count(*) as many from public.visits group by 1, 2 with no data;
create function public.my_order_count() returns bigint
  language sql stable security definer set search_path = ''
  as $$ select many from public.orders_by_tenant where tenant_id = (select public.tenant()) $$;
create function public.sorted_orders(by_column text, wanted text) returns setof public.orders
  language plpgsql stable security definer set search_path = ''
  as $$
  begin
    return query execute format('select * from public.orders where note = %L order by %I', wanted, by_column);
  end
  $$;
create function public.orders_like(pattern text) returns setof public.orders
  language plpgsql stable security definer set search_path = ''
  as $$
  begin
    return query execute format('select * from public.orders where note like %L', pattern);
  end
  $$;
create function public.deliver_later() returns trigger
  language plpgsql security definer set search_path = ''
  as $$
  begin
    if new.recipient is distinct from (select public.tenant()) then
      raise exception 'another merchant' using errcode = '42501';
    end if;
    insert into public.outbox (tenant_id, body) values (new.recipient, new.note);
    return new;
  end
  $$;
create trigger deliver_later after insert on public.orders for each row execute function public.deliver_later();
create function public.enter(merchant bigint) returns void
  language plpgsql set search_path = ''
  as $$ begin perform pg_catalog.set_config('shop.tenant', merchant::text, true); end $$;
create function public.greet(merchant bigint) returns void
  language plpgsql set search_path = ''
  as $$
  declare
    own text := pg_catalog.current_setting('shop.tenant', true);
  begin
    perform pg_catalog.set_config('shop.tenant', merchant::text, true);
    insert into public.outbox (tenant_id, body) values (merchant, 'hello');
    perform set_config('shop.tenant', own, true);
  end
  $$;

create view public.order_notes as select tenant_id, id, note from public.orders;
create view public.busy_days as select tenant_id, day, count(*) as many from public.visits group by 1, 2;

revoke execute on all functions in schema public from public;
grant execute on function public.tenant(), public.my_order_count(), public.sorted_orders(text, text), public.orders_like(text) to shop_app;
grant execute on function public.enter(bigint), public.greet(bigint) to shop_app;
grant select on public.tenants, public.outbox, public.order_notes, public.busy_days to shop_app;
grant select, insert, update, delete on public.customers, public.orders, public.lines, public.deliveries to shop_app;
grant select, insert on public.visits to shop_app;
grant select, insert, update, delete on all tables in schema public to shop_worker;
reset role;
create publication orders_of_one for table public.orders where (tenant_id = 7);
create publication lines_of_one for table public.lines where (tenant_id = 7);
