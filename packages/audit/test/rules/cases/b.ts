/** Cases of family B: policies that read other tables, directly and through functions. */
import type { RuleCase } from "./case.ts";

const me = "nullif(current_setting('app.user_id', true), '')::uuid";
const members = (policy: string): string => `
  create table public.members (tenant_id uuid not null references public.tenants, user_id uuid not null, primary key (tenant_id, user_id));
  alter table public.members enable row level security;
  grant select on public.members to shop_app;
  create function public.my_tenants() returns setof uuid language sql stable security definer set search_path = ''
    as $body$ select m.tenant_id from public.members m where m.user_id = ${me} $body$;
  create policy own on public.members for select using (${policy});`;
const one = (name: string, of: string, sql: string, ...found: string[]): RuleCase => ({ name, sql, of: [of], found });

/** Cases of family B, on top of the sound shop. */
export const casesB: readonly RuleCase[] = [
  one(
    "B20: a function that looks the own table up is no circle",
    "B20",
    members("tenant_id in (select public.my_tenants())"),
  ),
  one(
    "B20: neither is one in FROM",
    "B20",
    members("exists (select from public.my_tenants() t where t = members.tenant_id)"),
  ),
  one(
    "B20: a sub-select on the own table is one, beside a function or not",
    "B20",
    members(
      "tenant_id in (select m.tenant_id from public.members m where m.user_id = user_id and m.tenant_id in (select public.my_tenants()))",
    ),
    "B20-members.own low",
  ),
  {
    name: "B15: a tenant column that may be null and has a default is one finding that says both",
    sql: `create table public.letters (id uuid primary key, tenant_id uuid default 'aaaaaaaa-0000-4000-8000-00000000000a' references public.tenants);
      alter table public.letters enable row level security; alter table public.letters force row level security;
      create policy own on public.letters using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
      grant select, insert on public.letters to shop_app;`,
    of: ["B15"],
    found: ["B15-letters.tenant_id medium"],
  },
];
