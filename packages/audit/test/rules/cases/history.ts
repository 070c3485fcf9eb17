/**
 * Cases of the rules that read statements: what a migration took away, and whether a later one gave it back. Each is a list of migrations after the
 * shop; true as the second item makes its tool run it as one transaction.
 */

/** One case. */
export interface HistoryCase {
  readonly name: string;
  readonly migrations: readonly (string | readonly [sql: string, transaction: true])[];
  readonly of: readonly string[];
  /** "A12-name high", with the number of the migration that is blamed behind it where there is one. */
  readonly found: readonly string[];
}

const owner = "set role shop_owner;";
const like = "create table public.copy (like public.invoices including all); grant select on public.copy to shop_app;";
const function_ = (options: string, replace = ""): string =>
  `create ${replace} function public.f() returns setof text language sql security definer ${options} as 'select note from invoices';`;

/** Cases of A11 to A15, D2, D6 and D7. */
export const historyCases: readonly HistoryCase[] = [
  {
    name: "A11: opened in one migration, protected in the next",
    migrations: [
      `${owner} create table public.a (tenant_id uuid not null references public.tenants, note text); grant select on public.a to shop_app;
      create table public.b (tenant_id uuid not null references public.tenants); grant all on all tables in schema public to public; revoke all on all tables in schema public from public;`,
      "alter table public.a enable row level security; alter table public.b enable row level security;",
    ],
    of: ["A11"],
    found: ["A11-a low 2", "A11-b low 2"],
  },
  {
    name: "A11: opened by default privileges, protected in the next",
    migrations: [
      `${owner} alter default privileges in schema public grant select on tables to shop_app; create table public.a (tenant_id uuid not null references public.tenants, note text);`,
      "alter table public.a enable row level security;",
    ],
    of: ["A11"],
    found: ["A11-a low 2", "A11-public.shop_owner medium"],
  },
  {
    name: "A11: protected in the same migration, or before the grant, or not the application's",
    migrations: [
      `create role shop_report nologin; ${owner} create table public.a (tenant_id uuid not null references public.tenants, note text); grant select on public.a to shop_app; alter table public.a enable row level security;
      create table public.b (tenant_id uuid not null references public.tenants); create table public.c (code text primary key); grant select on public.c to shop_app;
      create table public.d (tenant_id uuid not null references public.tenants); grant select on public.d to shop_report;`,
      `alter table public.b enable row level security; grant select on public.b to shop_app; alter table public.c enable row level security; alter table public.d enable row level security;`,
    ],
    of: ["A11"],
    found: [],
  },
  {
    name: "A12: a copy that is protected later",
    migrations: [`${owner} ${like}`, "alter table public.copy enable row level security;"],
    of: ["A12"],
    found: [],
  },
  {
    name: "A12: a copy that nobody reads, and one that is gone",
    migrations: [
      `${owner} create table public.a (like public.invoices); create table public.b (like public.invoices); grant select on public.b to shop_app;`,
      "drop table public.b;",
    ],
    of: ["A12"],
    found: [],
  },
  {
    name: "A12: AS SELECT, SELECT INTO, INHERITS",
    migrations: [
      `${owner} create table public.a as select * from public.invoices; select * into public.b from public.invoices; create table public.c () inherits (public.invoices); grant select on public.a, public.b, public.c to shop_app;`,
    ],
    of: ["A12"],
    found: ["A12-a high 2", "A12-b high 2", "A12-c high 2"],
  },
  {
    name: "A12: swapped by renaming",
    migrations: [
      `${owner} create table public.invoices_new (like public.invoices including all); grant select on public.invoices_new to shop_app;`,
      "alter table public.invoices rename to invoices_old; alter table public.invoices_new rename to invoices;",
    ],
    of: ["A12"],
    found: ["A12-invoices high 2"],
  },
  {
    name: "A12: the table of tenants, copied and swapped; a count of it",
    migrations: [
      `${owner} create table public.firms as select * from public.tenants; create table public.many as select count(*) from public.tenants; grant select on public.firms, public.many to shop_app;`,
      `alter table public.tenants rename to tenants_old; create table public.tenants (like public.tenants_old); grant select on public.tenants to shop_app;`,
    ],
    of: ["A12"],
    found: ["A12-firms medium 2", "A12-tenants medium 3"],
  },
  {
    name: "A12: made from an unprotected table",
    migrations: [
      `${owner} create table public.raw (tenant_id uuid, note text); create table public.copy (like public.raw); grant select on public.copy to shop_app;`,
    ],
    of: ["A12"],
    found: [],
  },
  {
    name: "A13: a dropped column takes a restrictive policy",
    migrations: [
      `${owner} alter table public.invoices add region text; create policy floor on public.invoices as restrictive using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid and region is null); drop policy own on public.invoices; create policy wide on public.invoices using (true);`,
      "alter table public.invoices drop column region cascade;",
    ],
    of: ["A13"],
    found: ["A13-invoices.floor critical 3"],
  },
  {
    name: "A13: made again, dropped by name, renamed, gone with its table",
    migrations: [
      `${owner} create function public.t() returns uuid language sql stable return nullif(current_setting('app.tenant_id', true), '')::uuid; create policy a on public.invoices using (tenant_id = public.t()); create policy b on public.invoices using (tenant_id = public.t()); create policy c on public.invoices using (tenant_id is not null); create table public.d (tenant_id uuid); create policy d on public.d using (tenant_id = public.t());`,
      "alter policy c on public.invoices rename to e; drop table public.d; drop policy b on public.invoices; drop function public.t() cascade; create policy a on public.invoices using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);",
    ],
    of: ["A13"],
    found: [],
  },
  {
    name: "A13: the last policy goes, nobody sees anything",
    migrations: [
      `${owner} create function public.t() returns uuid language sql stable return nullif(current_setting('app.tenant_id', true), '')::uuid; drop policy own on public.invoices; create policy own2 on public.invoices using (tenant_id = public.t());`,
      "drop function public.t() cascade;",
    ],
    of: ["A13"],
    found: ["A13-invoices.own2 medium 3"],
  },
  {
    name: "A14: in one transaction",
    migrations: [
      [
        "alter table public.invoices disable row level security; update public.invoices set note = ''; alter table public.invoices enable row level security;",
        true,
      ],
    ],
    of: ["A14"],
    found: [],
  },
  {
    name: "A14: a window",
    migrations: [
      "alter table public.invoices disable row level security; update public.invoices set note = ''; alter table public.invoices enable row level security;",
    ],
    of: ["A14"],
    found: ["A14-invoices.row security medium 2"],
  },
  {
    name: "A14: a window from one migration to the next",
    migrations: [
      ["alter table public.invoices disable row level security;", true],
      ["alter table public.invoices enable row level security;", true],
    ],
    of: ["A14"],
    found: ["A14-invoices.row security medium 2"],
  },
  {
    name: "A14: FORCE, and the table has another name since",
    migrations: [
      "alter table public.invoices no force row level security;",
      "alter table public.invoices rename to bills;",
    ],
    of: ["A14"],
    found: ["A14-bills.force low 2"],
  },
  {
    name: "A14: a table that never was protected, one that is gone",
    migrations: [
      `${owner} create table public.a (tenant_id uuid); alter table public.a disable row level security; alter table public.reminders disable row level security;`,
      "drop table public.reminders;",
    ],
    of: ["A14"],
    found: [],
  },
  {
    name: "A15: moved out of a schema that nobody could enter",
    migrations: [
      `reset role; create schema hidden authorization shop_owner; ${owner} create table hidden.a (tenant_id uuid not null references public.tenants, note text); grant select on hidden.a to shop_app;`,
      "alter table hidden.a set schema public;",
    ],
    of: ["A15"],
    found: ["A15-a high 3"],
  },
  {
    name: "A15: moved between open schemas, and detached with policies of its own",
    migrations: [
      `reset role; create schema other authorization shop_owner; grant usage on schema other to shop_app; ${owner} create table other.a (tenant_id uuid not null references public.tenants, note text); grant select on other.a to shop_app;
      create table public.events (tenant_id uuid, year int) partition by list (year); alter table public.events enable row level security; create table public.e1 partition of public.events for values in (1); alter table public.e1 enable row level security; grant select on public.events, public.e1 to shop_app;`,
      "alter table other.a set schema public; alter table public.events detach partition public.e1;",
    ],
    of: ["A15"],
    found: [],
  },
  {
    name: "A15: detached from a parent that is gone, and that never was protected",
    migrations: [
      `${owner} create table public.logs (at date not null, line text) partition by range (at); create table public.l1 partition of public.logs for values from ('2024-01-01') to ('2025-01-01'); grant select on public.logs, public.l1 to shop_app;
      create table public.events (tenant_id uuid not null references public.tenants, year int) partition by list (year); alter table public.events enable row level security; create table public.e1 partition of public.events for values in (1); grant select on public.events, public.e1 to shop_app;`,
      "alter table public.logs detach partition public.l1; drop table public.logs; alter table public.events detach partition public.e1; drop table public.events;",
    ],
    of: ["A15"],
    found: ["A15-e1 high 3"],
  },
  {
    name: "D2: given back",
    migrations: [
      `${owner} create view public.v with (security_invoker) as select note from public.invoices; create or replace view public.v as select note from public.invoices; alter view public.v set (security_invoker = true);`,
    ],
    of: ["D2"],
    found: [],
  },
  {
    name: "D2: nobody reads it",
    migrations: [
      `${owner} create view public.v as select note from public.invoices; alter view public.v set (security_invoker = on);`,
      "create or replace view public.v as select note from public.invoices;",
    ],
    of: ["D2"],
    found: ["D2-v low 3"],
  },
  {
    name: "D2: taken away by hand, dropped and made anew",
    migrations: [
      `${owner} create view public.v with (security_invoker) as select note from public.invoices; alter view public.v reset (security_invoker); create view public.w with (security_invoker) as select note from public.invoices; drop view public.w; create view public.w as select note from public.invoices;`,
    ],
    of: ["D2"],
    found: [],
  },
  {
    name: "D6: dropped and made anew",
    migrations: [
      `${owner} alter table public.invoices no force row level security; ${function_("set search_path = public, pg_temp")} revoke all on function public.f() from public;`,
      `drop function public.f(); ${function_("set search_path = public, pg_temp")}`,
    ],
    of: ["D6"],
    found: ["D6-f high 3"],
  },
  {
    name: "D6: revoked again, revoked by default",
    migrations: [
      `${owner} alter table public.invoices no force row level security; ${function_("set search_path = public, pg_temp")} revoke all on function public.f() from public;`,
      `drop function public.f(); ${function_("set search_path = public, pg_temp")} revoke execute on all functions in schema public from public;`,
    ],
    of: ["D6"],
    found: [],
  },
  {
    name: "D7: by ALTER FUNCTION, and lost",
    migrations: [
      `${owner} ${function_("")} alter function public.f() set search_path = public, pg_temp;`,
      function_("", "or replace"),
    ],
    of: ["D7"],
    found: ["D7-f high 3"],
  },
  {
    name: "D7: given back, and a function of another signature",
    migrations: [
      `${owner} ${function_("set search_path = public, pg_temp")} ${function_("", "or replace")} alter function public.f() set search_path = public, pg_temp;`,
      "create or replace function public.f(a int) returns int language sql security definer as 'select a';",
    ],
    of: ["D7"],
    found: [],
  },
];
