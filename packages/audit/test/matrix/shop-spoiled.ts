// The clean shop with one thing spoiled, and the leak that must be found for it. Each spoils by one statement (or the few that it takes).
import type { MatrixColumn } from "../../src/matrix/matrix.ts";

/** One spoiled schema. */
export interface Spoiled {
  readonly name: string;
  /** Statements after the clean shop; {mine} is the tenant of the context. */
  readonly sql: string;
  /** The cell that must be a leak. */
  readonly table: string;
  readonly column: MatrixColumn;
  readonly vector: string;
  /** Part of what must be said. */
  readonly evidence: RegExp;
  /** Every other cell of that table that leaks as well; none when absent. */
  readonly also?: readonly MatrixColumn[];
}

const mine = "(select nullif(current_setting('app.tenant_id', true), ''))::uuid";

/** All of them. */
export const spoiled: readonly Spoiled[] = (
  [
    {
      name: "row security off",
      sql: "alter table shop.invoices disable row level security",
      table: "invoices",
      column: "read",
      vector: "A2",
      evidence: /read 2 rows? of tenant B: tenant_id=.+ id=/,
      also: ["insert", "update", "reassign", "delete", "side-door"],
    },
    {
      name: "the application owns the table and nothing is forced",
      sql: "alter table shop.invoices owner to shop_app; alter table shop.invoices no force row level security; grant create on schema shop to shop_app",
      table: "invoices",
      column: "read",
      vector: "A3",
      evidence: /rows? of tenant B/,
      also: ["insert", "update", "reassign", "delete", "truncate", "side-door"],
    },
    {
      name: "the application's role bypasses row security",
      sql: "alter role shop_app bypassrls",
      table: "projects",
      column: "delete",
      vector: "A4",
      evidence: /rows? of tenant B in projects rewritten or gone/,
      also: ["read", "insert", "update", "reassign"],
    },
    {
      name: "without a context everything is seen",
      sql: `drop policy mine on shop.projects; create policy mine on shop.projects using (current_setting('app.tenant_id', true) is null or tenant_id = ${mine})`,
      table: "projects",
      column: "read",
      vector: "B3",
      evidence: /rows? of tenant B/,
      also: ["insert", "update", "delete"],
    },
    {
      name: "a policy that is always true",
      sql: "create policy more on shop.projects for select using (name is not null)",
      table: "projects",
      column: "read",
      vector: "B1",
      evidence: /rows? of tenant B/,
    },
    {
      name: "update without a check moves rows",
      sql: `drop policy mine on shop.projects; create policy r on shop.projects for select using (tenant_id = ${mine}); create policy u on shop.projects for update using (tenant_id = ${mine}) with check (true)`,
      table: "projects",
      column: "reassign",
      vector: "B6",
      evidence: /planted in tenant B's projects/,
    },
    {
      name: "delete wider than select",
      sql: "create policy d on shop.projects for delete using (true)",
      table: "projects",
      column: "delete",
      vector: "B7",
      evidence: /gone/,
    },
    {
      name: "update wider than select",
      sql: "create policy d on shop.projects for update using (true)",
      table: "projects",
      column: "update",
      vector: "B7",
      evidence: /rewritten/,
      also: ["reassign"],
    },
    {
      name: "insert with check true",
      sql: "create policy i on shop.projects for insert with check (true)",
      table: "projects",
      column: "insert",
      vector: "B8",
      evidence: /1 row planted in tenant B's projects/,
    },
    {
      name: "truncate",
      sql: "grant truncate on shop.invoices to shop_app",
      table: "invoices",
      column: "truncate",
      vector: "F1",
      evidence: /gone/,
    },
    {
      name: "a foreign key without the tenant",
      sql: "alter table shop.invoices drop constraint invoices_tenant_id_project_id_fkey; alter table shop.projects add unique (id); alter table shop.invoices add foreign key (project_id) references shop.projects (id) on delete cascade",
      table: "invoices",
      column: "fk-probe",
      vector: "E1",
      evidence: /now refers to a row of tenant B/,
      also: ["side-door"],
    },
    {
      name: "a foreign key with the tenant, which may be empty",
      sql: "alter table shop.events add column project_id uuid; alter table shop.events add column project_tenant uuid; alter table shop.events add foreign key (project_tenant, project_id) references shop.projects (tenant_id, id)",
      table: "events",
      column: "fk-probe",
      vector: "E4",
      evidence: /now refers to a row of tenant B/,
    },
    {
      name: "a unique constraint without the tenant",
      sql: "alter table shop.projects add unique (code)",
      table: "projects",
      column: "unique-probe",
      vector: "E5",
      evidence: /23505/,
    },
    {
      name: "a unique expression without the tenant",
      sql: "create unique index on shop.projects (lower(name))",
      table: "projects",
      column: "unique-probe",
      vector: "E5",
      evidence: /23505/,
    },
    {
      name: "an exclusion constraint without the tenant",
      sql: "create extension btree_gist; alter table shop.projects add column slot int4range; alter table shop.projects add exclude using gist (slot with &&)",
      table: "projects",
      column: "unique-probe",
      vector: "E5",
      evidence: /23P01/,
    },
    {
      name: "a partition that is granted",
      sql: "grant select on shop.events_2026 to shop_app",
      table: "events",
      column: "side-door",
      vector: "F4",
      evidence: /read \d rows? of tenant B/,
    },
    {
      name: "a view of a role that bypasses",
      sql: "reset role; create view shop.all_invoices as select * from shop.invoices; grant select on shop.all_invoices to shop_app",
      table: "invoices",
      column: "side-door",
      vector: "D13",
      evidence: /rows? with data of tenant B/,
    },
    {
      name: "a sum over all tenants",
      sql: "reset role; create view shop.volume as select count(*) as n from shop.invoices; grant select on shop.volume to shop_app",
      table: "invoices",
      column: "side-door",
      vector: "D13",
      evidence: /depends on tenant B's rows: \["\d+"\] with them/,
    },
    {
      name: "writing through a view",
      sql: "reset role; create view shop.some_projects as select tenant_id, id, name, code from shop.projects where tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid; grant insert on shop.some_projects to shop_app",
      table: "projects",
      column: "side-door",
      vector: "D13",
      evidence: /planted in tenant B's projects/,
    },
    {
      name: "a materialized view",
      sql: "reset role; create materialized view shop.totals as select tenant_id, sum(total) as total from shop.invoices group by 1; grant select on shop.totals to shop_app",
      table: "invoices",
      column: "side-door",
      vector: "D3",
      evidence: /rows? with data of tenant B/,
    },
    {
      name: "a function of a role that bypasses",
      sql: "reset role; create function shop.invoice(invoice_id uuid) returns setof shop.invoices language sql security definer stable set search_path = '' as $$ select * from shop.invoices where id = invoice_id $$",
      table: "invoices",
      column: "side-door",
      vector: "D4",
      evidence: /rows? with data of tenant B/,
    },
    {
      name: "a function that writes for any tenant",
      sql: "reset role; create function shop.rename(tenant uuid, to_name text) returns void language sql security definer set search_path = '' as $$ update shop.projects set name = to_name where tenant_id = tenant $$",
      table: "projects",
      column: "side-door",
      vector: "D4",
      evidence: /rewritten/,
    },
    {
      name: "a view as the only filter",
      sql: "alter table shop.invoices disable row level security; revoke all on shop.invoices from shop_app; drop view shop.open_invoices; create view shop.my_invoices as select id, tenant_id, total from shop.invoices where tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid; grant select on shop.my_invoices to shop_app",
      table: "invoices",
      column: "side-door",
      vector: "D11",
      evidence: /an error or notice shows tenant B's/,
    },
    {
      name: "a sequence that may be set",
      sql: "create sequence shop.counter owned by shop.invoices.number; grant usage, update on sequence shop.counter to shop_app",
      table: "invoices",
      column: "side-door",
      vector: "F5",
      evidence: /was set/,
    },
    {
      name: "a setting that lets everybody pass",
      sql: "create policy support on shop.projects for select using (current_setting('app.bypass', true) = 'please')",
      table: "projects",
      column: "side-door",
      vector: "B4",
      evidence: /rows? of tenant B/,
    },
    {
      name: "a role that bypasses and may be taken on",
      sql: "create role shop_report nologin bypassrls; grant usage on schema shop to shop_report; grant select on all tables in schema shop to shop_report; grant shop_report to shop_app",
      table: "projects",
      column: "side-door",
      vector: "A5",
      evidence: /rows? of tenant B/,
    },
    {
      name: "a helper that promises never to change",
      sql: `create function shop.tenant() returns uuid language sql immutable as $$ select nullif(current_setting('app.tenant_id', true), '')::uuid $$; drop policy mine on shop.projects; create policy mine on shop.projects using (tenant_id = shop.tenant())`,
      table: "projects",
      column: "side-door",
      vector: "B16",
      evidence: /rows? of tenant B/,
    },
    {
      name: "a trigger right",
      sql: "grant trigger on shop.projects to shop_app",
      table: "projects",
      column: "side-door",
      vector: "F3",
      evidence: /sees every tenant's rows/,
    },
    {
      name: "a rule that acts for the owner",
      sql: "alter table shop.invoices no force row level security; create rule also as on delete to shop.projects do also update shop.invoices set total = 0",
      table: "projects",
      column: "side-door",
      vector: "D10",
      evidence: /rows? of tenant B in invoices rewritten/,
    },
    {
      name: "a trigger that writes where the row says",
      sql: "reset role; alter table shop.projects add column recipient_tenant uuid; create function shop.tell() returns trigger language plpgsql security definer set search_path = '' as $$ begin if new.recipient_tenant is not null then insert into shop.events (tenant_id, what) values (new.recipient_tenant, new.name); end if; return new; end $$; create trigger tell after insert on shop.projects for each row execute function shop.tell()",
      table: "projects",
      column: "side-door",
      vector: "D8",
      evidence: /planted in tenant B's events/,
    },
    {
      name: "a policy that fails on rows that it should hide",
      sql: `alter table shop.projects add column secret_number text; drop policy mine on shop.projects; create policy mine on shop.projects using (case when tenant_id = ${mine} then true else secret_number::int = 1 end)`,
      table: "projects",
      column: "read",
      vector: "B1",
      evidence: /an error or notice shows tenant B's/,
      also: ["update", "delete"],
    },
  ] satisfies readonly Spoiled[]
).map((each) => ({ ...each, sql: `set role shop_owner; ${each.sql}; reset role;` }));
