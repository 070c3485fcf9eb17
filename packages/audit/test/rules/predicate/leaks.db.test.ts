/**
 * What the judgement says of policies as people write them: one table a case, each with the one policy of the case, judged from the catalog of a
 * real server. "-" is silence.
 */
import { describeServers } from "@watertight/testkit";
import { expect, test } from "vitest";
import { causedLeaks } from "../../../src/rules/predicate/cause.ts";
import { leaksOf, wayText } from "../../../src/rules/predicate/leaks.ts";
import { factsOf } from "../../support/facts.ts";
import { policyCases } from "./policy-cases.ts";

const schema = `
create role shop_owner nologin;
create role shop_app login;
grant usage on schema public to shop_app;
create schema auth;
grant usage on schema auth to shop_app;
create function auth.jwt() returns jsonb language sql stable as $$ select coalesce(nullif(current_setting('request.jwt.claims', true), ''), '{}')::jsonb $$;
create function auth.uid() returns uuid language sql stable as $$ select (auth.jwt() ->> 'sub')::uuid $$;
create function auth.role() returns text language sql stable as $$ select auth.jwt() ->> 'role' $$;
create table public.users (id uuid primary key, email text not null, is_admin boolean not null default false);
create table public.tenants (id uuid primary key, name text not null);
create table public.memberships (
  tenant_id uuid not null references public.tenants (id),
  user_id uuid not null references public.users (id),
  role text not null default 'member',
  primary key (tenant_id, user_id)
);
alter table public.memberships enable row level security;
alter table public.memberships force row level security;
grant select on public.memberships, public.users to shop_app;
create policy own on public.memberships for select using (user_id = (select auth.uid()));
create function public.tenant() returns uuid language sql stable
  as $$ select nullif(current_setting('app.tenant_id', true), '')::uuid $$;
create function public.is_member(tenant uuid) returns boolean language sql stable security definer set search_path = ''
  as $$ select exists (select 1 from public.memberships m where m.tenant_id = tenant and m.user_id = auth.uid()) $$;
create function public.is_any_member(tenant_id uuid) returns boolean language sql stable security definer set search_path = ''
  as $$ select exists (select 1 from public.memberships m where m.tenant_id = tenant_id and m.user_id = auth.uid()) $$;
create function public.my_tenants() returns setof uuid language sql stable security definer set search_path = ''
  as $$ select m.tenant_id from public.memberships m where m.user_id = auth.uid() $$;
create function public.my_tenant_list() returns uuid[] language sql stable security definer set search_path = ''
  as $$ select array_agg(m.tenant_id) from public.memberships m where m.user_id = auth.uid() $$;
create function public.has_role(tenant uuid, wanted text) returns boolean language plpgsql stable security definer set search_path = ''
  as $$
declare
  found_role text;
begin
  if auth.uid() is null then
    return false;
  end if;
  select m.role into found_role from public.memberships m where m.tenant_id = tenant and m.user_id = auth.uid();
  return coalesce(found_role = wanted, false);
end $$;
create function public.always() returns boolean language plpgsql stable as $$ begin if now() is null then return false; end if; return true; end $$;
create function public.opaque(tenant uuid) returns boolean language plpgsql stable
  as $$ declare ok boolean; begin execute 'select true' into ok; return ok; end $$;
create table public.base (
  id uuid primary key,
  tenant_id uuid not null references public.tenants (id),
  user_id uuid not null references public.users (id),
  is_public boolean not null default false,
  status text not null default 'draft',
  kind text
);
create policy seen on public.base using (tenant_id = public.tenant());
`;

const settings = (name: string): string => `
create table public.${name} (like public.base including all);
alter table public.${name} add foreign key (tenant_id) references public.tenants (id);
alter table public.${name} enable row level security;
alter table public.${name} force row level security;
grant select, insert, update, delete on public.${name} to shop_app;
`;

const A = "aaaaaaaa-0000-4000-8000-00000000000a";
const B = "bbbbbbbb-0000-4000-8000-00000000000b";
const claims = (more: object): string =>
  JSON.stringify({ sub: A, role: "authenticated", app_metadata: { tenant_id: A }, tenant_id: A, ...more });
/** Sessions of somebody of tenant A, one setting of whom may be bent. */
const sessions: readonly Readonly<Record<string, string>>[] = [
  { "app.tenant_id": A, "request.jwt.claims": claims({}) },
  { "app.tenant_id": A, "request.jwt.claims": claims({ user_metadata: { tenant_id: B } }) },
  { "app.tenant_id": A, "request.jwt.claims": claims({}), "request.headers": JSON.stringify({ "x-tenant-id": B }) },
  { "app.tenant_id": A, "request.jwt.claims": claims({}), "app.bypass_rls": "on" },
  // a tenant whose id is a prefix of B's would be called this
  { "app.tenant_id": B.slice(0, 8) },
  {},
  { "app.tenant_id": "" },
];
const seeds = `
insert into public.users values ('${A}', 'a', true), ('${B}', 'b', false);
insert into public.tenants values ('${A}', 'a'), ('${B}', 'b');
insert into public.memberships values ('${A}', '${A}', 'admin'), ('${B}', '${B}', 'admin');`;
const rows = (table: string): string => `insert into public.${table} values
  ('${A}', '${A}', '${A}', false, 'draft', 'k'), ('${B}', '${B}', '${B}', true, 'published', null)`;

describeServers((server) => {
  test("policies are judged as written, and as the server carries them out", { timeout: 120_000 }, async () => {
    const tables = policyCases.map(
      ({ policies }, at) =>
        `${settings(`c${at}`)}${policies.map((policy, n) => `create policy p${n} on public.c${at} ${policy.replaceAll("%t", `c${at}`)};`).join("\n")}`,
    );
    const facts = await factsOf(server, schema + tables.join("\n"), { roles: ["shop_app"] });
    try {
      const leaks = causedLeaks(facts);
      const got = policyCases.map(({ policies }, at) => {
        const own = leaks.filter(({ relation }) => relation.name === `c${at}`);
        const said = own.map(
          ({ cause, severity, door, session, way }) =>
            `${cause} ${severity} ${door.command}.${door.side} ${session}: ${wayText(way)}`,
        );
        return { policies, found: said.length === 0 ? ["-"] : said.map((each) => each.replaceAll(`c${at}.`, "t.")) };
      });
      expect(got).toEqual(policyCases.map(({ policies, found }) => ({ policies, found })));

      await facts.admin.query(seeds);
      for (const at of policyCases.keys()) await facts.admin.query(rows(`c${at}`));
      const unjudged = new Set(leaksOf(facts).unjudged.map(({ relation }) => relation.name));
      const seen = new Set<number>();
      for (const session of sessions) {
        // a fresh connection: a setting that was never set reads as null there and nowhere else
        const client = await facts.as("shop_app");
        for (const [name, value] of Object.entries(session))
          await client.query("select set_config($1, $2, false)", [name, value]);
        for (const at of policyCases.keys()) {
          // the text of a context that is no uuid raises where it is cast to one; nothing is read then
          const foreign = await client
            .query(`select from public.c${at} where tenant_id = '${B}'`)
            .catch(() => ({ rowCount: 0 }));
          if (foreign.rowCount === 1 && !unjudged.has(`c${at}`)) seen.add(at);
        }
      }
      const judged = policyCases.flatMap(({ found }, at) =>
        found.some((each) => each.includes("select.using")) ? [at] : [],
      );
      const words = (numbers: Iterable<number>): string[] =>
        [...numbers].sort((a, b) => a - b).map((at) => policyCases[at]!.policies.join(" | "));
      expect(words(seen)).toEqual(words(judged));
      expect([...unjudged].map((name) => policyCases[Number(name.slice(1))]!.policies)).toEqual([
        ["for select using (public.opaque(tenant_id))"],
      ]);
    } finally {
      await facts.drop();
    }
  });
});
