/**
 * One table of the benchmark's projects with all that belongs to it: keys, checks, indexes, row security, policies, a trigger, rights. Pure.
 */

/** A table. */
export interface Table {
  readonly module: string;
  readonly name: string;
  readonly kind: "tenant" | "child" | "global" | "partitioned";
  /** A tenant's table of the same module that it refers to. */
  readonly parent: string | null;
  /** A global table that it refers to. */
  readonly lookup: string | null;
  /** Without FORCE and with a key that forgets the tenant. */
  readonly open: boolean;
  readonly at: number;
}

const mine = "tenant_id = (select app.current_tenant())";

function globalSql({ name }: Table): string {
  return `create table app.${name} (id integer generated always as identity primary key, code text not null unique, label text not null);
insert into app.${name} (code, label) values ('a', 'First'), ('b', 'Second'), ('c', 'Third');
grant select on app.${name} to shop_app;
comment on table app.${name} is 'The same for everybody';
`;
}

function partitionedSql({ name }: Table): string {
  const years = [2025, 2026, 2027].map((year) => {
    const part = `app.${name}_${year}`;
    return `create table ${part} partition of app.${name} for values from ('${year}-01-01') to ('${year + 1}-01-01');
alter table ${part} enable row level security;`;
  });
  return `create table app.${name} (
  tenant_id uuid not null references app.tenants (id),
  id uuid not null default gen_random_uuid(),
  at timestamptz not null default now(),
  what text not null,
  data jsonb not null default '{}',
  primary key (tenant_id, id, at)
) partition by range (at);
${years.join("\n")}
alter table app.${name} enable row level security;
alter table app.${name} force row level security;
create policy own on app.${name} using (${mine}) with check (${mine});
grant select, insert on app.${name} to shop_app;
`;
}

function childSql({ name, parent, open }: Table): string {
  const inside = `exists (select from app.${parent} p where p.tenant_id = ${name}.parent_tenant and p.id = ${name}.parent_id and p.${mine})`;
  return `create table app.${name} (
  id bigint generated always as identity primary key,
  parent_tenant uuid not null,
  parent_id uuid not null,
  position integer not null default 0 check (position >= 0),
  title text not null,
  foreign key (parent_tenant, parent_id) references app.${parent} (tenant_id, id) on delete cascade
);
create index ${name}_parent on app.${name} (parent_tenant, parent_id);
alter table app.${name} enable row level security;
${open ? "" : `alter table app.${name} force row level security;\n`}create policy own on app.${name} using (${inside}) with check (${inside});
grant select, insert, update, delete on app.${name} to shop_app;
`;
}

function tenantSql({ name, parent, lookup, open, at }: Table): string {
  const keys = [
    "primary key (tenant_id, id)",
    "unique (tenant_id, code)",
    "foreign key (tenant_id, author_id) references app.users (tenant_id, id)",
    ...(parent === null
      ? []
      : [`foreign key (tenant_id, parent_id) references app.${parent} (tenant_id, id) on delete cascade`]),
    ...(open ? ["unique (code)"] : []),
  ];
  const columns = [
    "tenant_id uuid not null references app.tenants (id) on delete cascade",
    "id uuid not null default gen_random_uuid()",
    "parent_id uuid",
    "author_id uuid",
    `kind_id integer${lookup === null ? "" : ` references app.${lookup} (id)`}`,
    "code text not null check (length(code) between 2 and 40)",
    "title text not null default ''",
    "state app.state not null default 'draft'",
    "price app.amount",
    "tags text[] not null default '{}'",
    "data jsonb",
    "created_at timestamptz not null default now()",
    "updated_at timestamptz",
  ];
  // two ways to write the same: one policy for everything, or one for each command
  const policies =
    at % 2 === 0
      ? [`create policy own on app.${name} using (${mine}) with check (${mine});`]
      : [
          `create policy reading on app.${name} for select to shop_app using (${mine});`,
          `create policy adding on app.${name} for insert to shop_app with check (${mine});`,
          `create policy changing on app.${name} for update to shop_app using (${mine}) with check (${mine});`,
          `create policy removing on app.${name} for delete to shop_app using (${mine});`,
        ];
  return `create table app.${name} (
  ${[...columns, ...keys].join(",\n  ")}
);
create index ${name}_author on app.${name} (tenant_id, author_id);
create trigger touch before update on app.${name} for each row execute function app.touch();
alter table app.${name} enable row level security;
${open ? "" : `alter table app.${name} force row level security;\n`}${policies.join("\n")}
grant select, insert, update, delete on app.${name} to shop_app;
`;
}

/** All statements of a table. */
export function tableSql(table: Table): string {
  if (table.kind === "global") return globalSql(table);
  if (table.kind === "partitioned") return partitionedSql(table);
  return table.kind === "child" ? childSql(table) : tenantSql(table);
}
