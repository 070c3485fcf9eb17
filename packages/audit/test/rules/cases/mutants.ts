/** Cases that mutants of clean schemas brought to light: mistakes that the rules did not see before. */
import type { RuleCase } from "./case.ts";

const members = (policy: string): string => `
  create table public.members (tenant_id uuid not null references public.tenants, user_id uuid not null, primary key (tenant_id, user_id));
  create function public.me() returns uuid language sql stable set search_path = '' return nullif(current_setting('app.user_id', true), '')::uuid;
  alter table public.members enable row level security; alter table public.members force row level security;
  create policy mine on public.members for select using (${policy}); grant select on public.members to shop_app;`;

/** On top of the sound shop. */
export const casesOfMutants: readonly RuleCase[] = [
  {
    name: "A4: a superuser that was given the application's rights by name is the application's role",
    sql: "reset role; alter role shop_app superuser;",
    of: ["A4"],
    found: ["A4-shop_app critical"],
  },
  {
    name: "A10, B: a floor of one command that is too wide, beside a sound one of another",
    sql: `drop policy own on public.invoices; create policy all_of_them on public.invoices using (true);
      create policy floor_add on public.invoices as restrictive for insert with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
      create policy floor_see on public.invoices as restrictive for select using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid or true);`,
    of: ["A10", "B1", "B2", "B13"],
    found: ["A10-invoices critical", "B2-invoices.all_of_them critical"],
  },
  {
    name: "C6: the claim of auth.uid() in its older form",
    sql: `reset role; create schema auth; grant usage on schema auth to shop_app;
      create function auth.uid() returns uuid language sql stable as $$ select coalesce(nullif(current_setting('request.jwt.claim.sub', true), ''), nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
      create table public.todos (id uuid primary key, user_id uuid not null, note text); alter table public.todos enable row level security;
      create policy own on public.todos using (user_id = (select auth.uid())); grant select on public.todos to shop_app;
      alter role shop_app set request.jwt.claim.sub = 'aaaaaaaa-0000-4000-8000-00000000000a'; alter role shop_app set request.jwt.claim_name = 'x';`,
    of: ["C6"],
    found: ["C6-shop_app.request.jwt.claim.sub high"],
  },
  {
    name: "F9: REPLICATION needs no publication",
    sql: "reset role; alter role shop_app replication;",
    of: ["F9"],
    found: ["F9-shop_app high"],
  },
  {
    name: "F9: REPLICATION of a role that can be taken on, and of a superuser, which is A4's",
    sql: "reset role; create role shop_reader nologin replication; grant shop_reader to shop_app; alter role shop_app superuser replication;",
    of: ["F9"],
    found: ["F9-shop_reader high"],
  },
  {
    name: "B21: a schema that is called public makes no row public",
    sql: members("user_id >= (select public.me())"),
    of: ["B2", "B13", "B14", "B21"],
    found: ["B13-members.mine high"],
  },
  {
    name: "B21: the same by =",
    sql: members("user_id = (select public.me())"),
    of: ["B2", "B13", "B14", "B21"],
    found: [],
  },
];
