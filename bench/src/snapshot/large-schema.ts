/**
 * A schema as large as a big product's, every table with all that the reader of the catalog has to look at. No rows: a catalog does not care.
 */

/** How many of each. */
export interface SchemaSize {
  readonly tables: number;
  readonly views: number;
  readonly functions: number;
}

/** SQL that makes the schema; roles are given, because they belong to the whole server. */
export function largeSchema(size: SchemaSize, owner: string, app: string): string {
  const each = (count: number, one: (i: number) => string): string =>
    Array.from({ length: count }, (_, i) => one(i)).join("\n");
  return `
    create schema shop;
    create type shop.state as enum ('draft', 'open', 'done');
    create domain shop.amount as numeric(12, 2) check (value >= 0);
    create table shop.tenants (id uuid primary key, name text not null);
    create function shop.touch() returns trigger language plpgsql as 'begin new.updated_at := now(); return new; end';
    ${each(size.functions, (i) => `create function shop.f${i}(tenant uuid, rows integer default 10) returns boolean language sql stable security definer set search_path = '' as 'select exists (select from shop.tenants where id = tenant)';`)}
    ${each(size.tables, (i) => tableSql(i, app))}
    ${each(size.views, (i) => `create view shop.v${i} with (security_invoker = true) as select t.id, t.title, p.title as parent_title from shop.t${i} t join shop.t${Math.max(0, i - 1)} p on p.tenant_id = t.tenant_id and p.id = t.parent_id where t.state <> 'done'; grant select on shop.v${i} to ${app};`)}
    grant usage on schema shop to ${app};
    alter schema shop owner to ${owner};`;
}

function tableSql(i: number, app: string): string {
  const name = `shop.t${i}`;
  const tenant = "tenant_id = (select nullif(current_setting(''app.tenant_id'', true), ''''))::uuid".replaceAll(
    "''",
    "'",
  );
  return `
    create table ${name} (tenant_id uuid not null references shop.tenants, id bigint generated always as identity, parent_id bigint, title varchar(200) not null default '',
      body text, state shop.state not null default 'draft', price shop.amount, tags text[] not null default '{}', data jsonb, active boolean not null default true,
      created_at timestamptz not null default now(), updated_at timestamptz, primary key (tenant_id, id), check (length(title) < 200),
      foreign key (tenant_id, parent_id) references shop.t${Math.max(0, i - 1)} (tenant_id, id) on delete cascade, unique (tenant_id, title));
    create index on ${name} (tenant_id, created_at desc) where active;
    create index on ${name} (tenant_id, lower(title));
    alter table ${name} enable row level security; alter table ${name} force row level security;
    create policy floor on ${name} as restrictive using (${tenant});
    create policy reading on ${name} for select using (shop.f${i % 50}(tenant_id));
    create policy writing on ${name} using (exists (select from shop.tenants x where x.id = ${name}.tenant_id)) with check (true);
    create trigger touch before update on ${name} for each row when (old.title is distinct from new.title) execute function shop.touch();
    grant select, insert, update, delete on ${name} to ${app}; grant update (title, body) on ${name} to ${app};`;
}
