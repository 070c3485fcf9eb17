/**
 * Migrations as long as asked for, of the statements that real ones hold: tables, policies, functions with bodies, grants, comments, inserts.
 */

const tenant = `
    tenant_id = (
      select nullif(current_setting('app.tenant_id', true), '')
    )::uuid
  `;

/** About 80 lines on one table, of 32 characters on average: those of public repositories have 32 to 42. */
function chapter(i: number): string {
  const table = `shop.table_${i}`;
  return `-- Table ${i}: what it is for, and why it's here; naïvely
create table ${table} (
  tenant_id uuid not null references shop.tenants (id) on delete cascade,
  id bigint generated always as identity,
  parent_id bigint,
  title varchar(200) not null default '',
  body text,
  state text not null default 'draft' check (state in ('draft', 'open', 'done')),
  price numeric(12, 2) not null default 0,
  tags text[] not null default '{}',
  data jsonb not null default '{"a": 1, "b": ["c;", "d"]}',
  created_at timestamptz not null default now(),
  updated_at timestamptz,
  primary key (tenant_id, id),
  foreign key (tenant_id, parent_id) references ${table} (tenant_id, id)
);
create index table_${i}_created
  on ${table} (tenant_id, created_at desc)
  where state <> 'done';
create unique index table_${i}_title on ${table} (tenant_id, lower(title));
alter table ${table} enable row level security;
alter table ${table} force row level security;
create policy floor on ${table}
  as restrictive
  using (${tenant})
  with check (${tenant});
create policy rows on ${table}
  for all
  to public
  using (
    state <> 'draft'
    or exists (
      select 1
      from shop.members m
      where m.tenant_id = table_${i}.tenant_id
    )
  );

create or replace function shop.touch_${i}() returns trigger
language plpgsql security definer set search_path = '' as $body$
begin
  -- it's a body; with semicolons
  if new.title is distinct from old.title then
    new.updated_at := now();
    perform set_config('app.touched', 'table_${i};', true);
  end if;
  return new;
end
$body$;
create trigger touch
  before update on ${table}
  for each row execute function shop.touch_${i}();

create view shop.view_${i} with (security_invoker = true) as
  select
    t.id,
    t.title,
    p.title as parent,
    count(*) over (partition by t.state) as siblings
  from ${table} t
  left join ${table} p on p.tenant_id = t.tenant_id and p.id = t.parent_id
  where t.state <> 'done'
    and t.created_at > now() - interval '30 days';

revoke all on ${table} from public;
grant select, insert, update, delete on ${table} to shop_app;
grant select on shop.view_${i} to shop_app;
comment on table ${table} is 'What it''s for; see above';
/* old: drop table ${table}; */
insert into shop.kinds (id, label) values
  (${i}, 'kind ${i}'),
  (${i + 1}, 'a;b')
on conflict (id) do update set label = excluded.label;
`;
}

/** SQL of at least `lines` lines. */
export function migrationText(lines: number): string {
  const size = chapter(0).split("\n").length - 1;
  return Array.from({ length: Math.ceil(lines / size) }, (_, i) => chapter(i)).join("");
}
