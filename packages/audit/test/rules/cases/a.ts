/** Cases of family A: who is in which role, and what that opens. */
import type { RuleCase } from "./case.ts";

const secret = (name: string): string =>
  `create table public.${name} (tenant_id uuid not null references public.tenants, note text);`;

/** Cases of family A, on top of the sound shop. */
export const casesA: readonly RuleCase[] = [
  {
    name: "A1: a table that holds nobody's rows and one that nobody may read are none of it; an unknown one is not called a leak",
    sql: `create table public.countries (code text primary key); grant select on public.countries to shop_app;
      ${secret("jobs")}
      create table public.notes (id uuid primary key, notable_type text not null, notable_id uuid not null); grant select, insert on public.notes to shop_app;`,
    of: ["A1"],
    found: ["A1-notes medium"],
  },
  {
    name: "A1: rights on a column are rights, PUBLIC is everybody",
    sql: `${secret("a")} grant select (note) on public.a to shop_app; ${secret("b")} grant insert on public.b to public;`,
    of: ["A1", "A2"],
    found: ["A1-a critical", "A1-b critical"],
  },
  {
    name: "A2: dormant policies of a table that nobody reaches are no alarm",
    sql: `${secret("jobs")} create policy own on public.jobs using (true);`,
    of: ["A1", "A2"],
    found: ["A2-jobs low"],
  },
  {
    name: "A3: the way to the owner decides",
    sql: `alter table public.invoices no force row level security; reset role; grant shop_owner to shop_app;`,
    of: ["A3"],
    found: ["A3-invoices critical"],
  },
  {
    name: "A3: a way to the owner by SET ROLE only",
    sql: `alter table public.invoices no force row level security; reset role; alter role shop_app noinherit; grant shop_owner to shop_app;`,
    of: ["A3"],
    found: ["A3-invoices high"],
    on15: ["A3-invoices high"],
  },
  {
    name: "A3: nobody can act as the owner",
    sql: "alter table public.invoices no force row level security;",
    of: ["A3", "A7"],
    found: ["A3-invoices info"],
  },
  {
    name: "A4, A5: a superuser is worse than BYPASSRLS, and said once",
    sql: "reset role; create role shop_root nologin superuser; grant shop_root to shop_app;",
    of: ["A4", "A5", "A6", "A8"],
    found: ["A5-shop_root critical"],
  },
  {
    name: "A6: ADMIN OPTION grants itself on every version",
    sql: "reset role; create role shop_support nologin bypassrls; grant shop_support to shop_app with admin option;",
    of: ["A6"],
    found: [],
  },
  {
    name: "A7: a schema and a database",
    sql: `reset role; alter schema public owner to shop_app;
      do $$ begin execute format('alter database %I owner to shop_app', current_database()); end $$;`,
    of: ["A7"],
    found: ["A7-<database> medium", "A7-public high"],
  },
  {
    name: "A8: what each of PostgreSQL's own roles is worth; what comes with pg_monitor is said there",
    sql: "reset role; grant pg_monitor, pg_execute_server_program, pg_checkpoint to shop_app;",
    of: ["A8"],
    found: ["A8-pg_execute_server_program critical", "A8-pg_monitor medium", "A8-pg_checkpoint low"],
  },
  {
    name: "A9: a floor for everybody stops it, a policy that looks at the tenant is harmless",
    sql: `reset role; create role shop_support nologin; grant shop_support to shop_app;
      create policy support on public.invoices for select to shop_support using (true);
      create policy floor on public.invoices as restrictive using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
      create policy support on public.reminders to shop_support using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);`,
    of: ["A9"],
    found: [],
  },
  {
    name: "A9: an application that owns a table is the application still, and the group's policy another role's",
    sql: `reset role; create role shop_support nologin; grant shop_support to shop_app; alter table public.reminders owner to shop_app;
      create policy support on public.invoices for select to shop_support using (true);`,
    of: ["A9", "B1"],
    found: ["A9-invoices.support critical"],
  },
  {
    name: "A9: a floor for the application binds it until it becomes the other role",
    sql: `reset role; create role shop_support nologin; grant shop_support to shop_app;
      create policy support on public.invoices for select to shop_support using (true);
      create policy floor on public.invoices as restrictive to shop_app using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);`,
    of: ["A9"],
    found: ["A9-invoices.support high"],
  },
  {
    name: "A9: and for good where it can't, which 16 knows",
    sql: `reset role; create role shop_support nologin;
      do $$ begin execute 'grant shop_support to shop_app' || case when current_setting('server_version_num')::int >= 160000 then ' with inherit true, set false' else '' end; end $$;
      create policy support on public.invoices for select to shop_support using (true);
      create policy floor on public.invoices as restrictive to shop_app using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);`,
    of: ["A9"],
    found: [],
    on15: ["A9-invoices.support high"],
  },
  {
    name: "A10: a floor for one role, and another role that reads",
    sql: `drop policy own on public.invoices;
      create policy floor on public.invoices as restrictive to shop_app using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
      create policy business on public.invoices using (true);
      reset role; create role shop_reports login; grant usage on schema public to shop_reports; grant select on public.invoices to shop_reports;`,
    of: ["A10"],
    found: ["A10-invoices medium"],
  },
  {
    name: "A10: a floor for a group binds its members",
    sql: `reset role; create role shop_users nologin; grant shop_users to shop_app; set role shop_owner; drop policy own on public.invoices;
      create policy floor on public.invoices as restrictive to shop_users using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
      create policy business on public.invoices using (true);`,
    of: ["A10"],
    found: [],
  },
  {
    name: "A10: a floor for a group binds no member that does not inherit from it",
    sql: `reset role; create role shop_users nologin; alter role shop_app noinherit; grant shop_users to shop_app; set role shop_owner; drop policy own on public.invoices;
      create policy floor on public.invoices as restrictive to shop_users using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
      create policy business on public.invoices using (true);`,
    of: ["A10"],
    found: ["A10-invoices critical"],
  },
  {
    name: "A11: for a role that creates nothing",
    sql: "reset role; create role shop_nobody nologin; alter default privileges for role shop_nobody grant select on tables to shop_app;",
    of: ["A11"],
    found: ["A11-*.shop_nobody low"],
  },
  {
    name: "A15: a table of an extension",
    sql: "reset role; alter extension plpgsql add table public.invoices;",
    of: ["A15"],
    found: ["A15-invoices medium"],
  },
];
