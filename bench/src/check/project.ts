/**
 * A project with migrations as a SaaS writes them, of any number of tables: a file for each module, several statements each, later files that
 * change what earlier ones made. Six of ten tables have a tenant column, three of twenty belong to a parent, the rest is global. Mostly well
 * protected, because attacks that are stopped cost most: each is tried again with its defence off; one table in twenty-five is left open.
 * The same text for the same number. Pure.
 */
import { tableSql, type Table } from "./project-tables.ts";

/** File names below the project's folder, and their text. */
export type Project = Readonly<Record<string, string>>;

const modules =
  "crm billing planning stock hr support audit media forms fleet legal sales learning events health travel energy quality rental retail payroll grants labs press sport".split(
    " ",
  );
const entities =
  "accounts contacts orders order_lines kinds notes files tags states runs teams team_members steps reports countries imports events labels limits units".split(
    " ",
  );

const base = `-- Roles, tenants, people
create role shop_app login;
create schema app;
grant usage on schema app to shop_app;
create type app.state as enum ('draft', 'open', 'done');
create domain app.amount as numeric(12, 2) check (value >= 0);

create table app.tenants (
  id uuid primary key default gen_random_uuid(),
  name text not null check (length(name) between 1 and 200),
  created_at timestamptz not null default now()
);
create table app.users (
  tenant_id uuid not null references app.tenants (id) on delete cascade,
  id uuid not null default gen_random_uuid(),
  email text not null check (email like '%@%'),
  primary key (tenant_id, id),
  unique (tenant_id, email)
);

create function app.current_tenant() returns uuid language sql stable
  as $$ select nullif(current_setting('app.tenant_id', true), '')::uuid $$;
create function app.touch() returns trigger language plpgsql as $$
begin
  new.updated_at := now();
  return new;
end
$$;

alter table app.tenants enable row level security;
alter table app.tenants force row level security;
create policy own on app.tenants using (id = (select app.current_tenant())) with check (id = (select app.current_tenant()));
alter table app.users enable row level security;
alter table app.users force row level security;
create policy own on app.users using (tenant_id = (select app.current_tenant())) with check (tenant_id = (select app.current_tenant()));
grant select on app.tenants to shop_app;
grant select, insert, update, delete on app.users to shop_app;
`;

/** What a module's table is by its place among twenty. */
function kindAt(place: number): Table["kind"] {
  if (["order_lines", "team_members", "steps"].includes(entities[place]!)) return "child";
  if (["kinds", "states", "countries", "labels", "units"].includes(entities[place]!)) return "global";
  return entities[place] === "events" ? "partitioned" : "tenant";
}

/** All tables beside the two of the first file. */
function tablesOf(count: number): Table[] {
  const tables: Table[] = [];
  for (let at = 0; at < count; at += 1) {
    const place = at % entities.length;
    const [module, round] = [modules[Math.floor(at / entities.length) % modules.length]!, Math.floor(at / 500)];
    const prefix = round === 0 ? module : `${module}${round}`;
    const kind = kindAt(place);
    const earlier = tables.filter((other) => other.module === prefix && other.kind === "tenant");
    const kinds = tables.findLast((other) => other.kind === "global");
    tables.push({
      module: prefix,
      name: `${prefix}_${entities[place]}`,
      kind,
      parent: earlier.at(-1)?.name ?? null,
      lookup: kinds?.name ?? null,
      open: at % 25 === 13,
      at,
    });
  }
  return tables;
}

/** The view and the function of a module, and what later changes bring. */
function laterSql(module: string, tables: readonly Table[]): string {
  const own = tables.filter(({ kind }) => kind === "tenant");
  const [first] = own;
  if (first === undefined) return `comment on schema app is 'With ${module}';\n`;
  const views = own
    .filter((_, at) => at % 3 === 0)
    .map(
      ({ name }) => `create view app.${name}_open with (security_invoker = true) as
  select t.tenant_id, t.id, t.title, t.created_at from app.${name} t where t.state <> 'done';
grant select on app.${name}_open to shop_app;`,
    );
  const columns = own.map(
    ({ name }) => `alter table app.${name} add column archived_at timestamptz;
create index ${name}_alive on app.${name} (tenant_id, created_at desc) where archived_at is null;`,
  );
  return `-- ${module}: archives, lists
${columns.join("\n")}
${views.join("\n")}
create function app.${module}_count(wanted app.state) returns bigint language sql stable
  as $$ select count(*) from app.${first.name} where state = wanted $$;
create function app.${module}_title(wanted uuid) returns text language sql stable security definer set search_path = ''
  as $$ select title from app.${first.name} where id = wanted and tenant_id = (select app.current_tenant()) $$;
revoke execute on function app.${module}_title(uuid) from public;
grant execute on function app.${module}_title(uuid) to shop_app;
`;
}

/** A project with so many tables; partitions are not counted. */
export function projectOf(count: number): Project {
  const files: Record<string, string> = {};
  let number = 0;
  const add = (name: string, sql: string): void => {
    number += 1;
    files[`migrations/${String(number).padStart(4, "0")}_${name}.sql`] = sql;
  };
  add("base", base);
  const tables = tablesOf(Math.max(0, count - 2));
  for (const module of new Set(tables.map((table) => table.module))) {
    const own = tables.filter((table) => table.module === module);
    for (let from = 0; from < own.length; from += 10)
      add(
        `${module}${from === 0 ? "" : `_${from / 10 + 1}`}`,
        own
          .slice(from, from + 10)
          .map(tableSql)
          .join("\n"),
      );
    add(`${module}_archive`, laterSql(module, own));
  }
  return files;
}
