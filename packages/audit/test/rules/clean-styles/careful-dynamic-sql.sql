-- Dynamic SQL that quotes, a context that is given back, triggers in cascades that name the tenant, grants taken from PUBLIC.
create role farm_owner nologin;
create role farm_app login;
grant usage, create on schema public to farm_owner;
grant usage on schema public to farm_app;
set role farm_owner;

create table public.tenants (id uuid primary key, name text not null);
create table public.fields (
  tenant_id uuid not null references public.tenants,
  id uuid not null default gen_random_uuid(),
  crop text not null,
  readings int not null default 0,
  primary key (tenant_id, id)
);
create table public.readings (
  tenant_id uuid not null,
  field_id uuid not null,
  id uuid not null default gen_random_uuid(),
  value numeric not null,
  primary key (tenant_id, id),
  foreign key (tenant_id, field_id) references public.fields (tenant_id, id) on delete cascade
);
create index on public.readings (tenant_id, field_id);
alter table public.tenants enable row level security;
alter table public.tenants force row level security;
alter table public.fields enable row level security;
alter table public.fields force row level security;
alter table public.readings enable row level security;
alter table public.readings force row level security;
create policy own on public.tenants using (id = (select nullif(current_setting('farm.tenant', true), ''))::uuid);
create policy own on public.fields using (tenant_id = (select nullif(current_setting('farm.tenant', true), ''))::uuid);
create policy own on public.readings using (tenant_id = (select nullif(current_setting('farm.tenant', true), ''))::uuid);

create function public.sorted_fields(by_column text, crop_like text) returns setof public.fields
  language plpgsql stable security definer set search_path = ''
  as $$
  begin
    if by_column not in ('crop', 'readings') then
      raise exception 'unknown column %', by_column;
    end if;
    return query execute format('select * from public.fields where crop like $1 order by %I', by_column) using crop_like;
  end
  $$;
create function public.count_readings() returns trigger
  language plpgsql set search_path = ''
  as $$
  begin
    update public.fields set readings = readings - 1 where tenant_id = old.tenant_id and id = old.field_id;
    return old;
  end
  $$;
create trigger count_readings before delete on public.readings for each row execute function public.count_readings();
create function public.share_with(partner uuid, crop text) returns void
  language plpgsql set search_path = ''
  as $$
  declare
    own text := current_setting('farm.tenant', true);
  begin
    perform set_config('farm.tenant', partner::text, true);
    insert into public.fields (tenant_id, crop) values (partner, crop);
    perform set_config('farm.tenant', own, true);
  end
  $$;
revoke execute on all functions in schema public from public;
grant execute on function public.sorted_fields(text, text) to farm_app;
grant select on public.tenants to farm_app;
grant select, insert, update, delete on public.fields, public.readings to farm_app;
