// A policy that opens with the size of a table stops every attack on two small tenants, and that shows nothing.
import { describeServers } from "@watertight/testkit";
import { expect, test } from "vitest";
import { attackSchema } from "../../src/matrix/attack-schema.ts";
import { attackGround } from "./attack-ground.ts";

const schema = (extra: string): string => `
create role shop_owner nologin;
create role shop_app login;
create table public.tenants (id uuid primary key);
create table public.orders (tenant_id uuid not null references public.tenants, id uuid not null, primary key (tenant_id, id));
create function public.mine(t uuid) returns boolean language plpgsql stable set search_path = '' as $$
begin
  -- execute nothing: 'pg_class' is a word here
  if t = nullif(current_setting('app.tenant_id', true), '')::uuid then return true; end if;
  ${extra}
  return false;
end $$;
alter table public.tenants owner to shop_owner;
alter table public.orders owner to shop_owner;
alter table public.orders enable row level security;
alter table public.orders force row level security;
create policy own on public.orders using (public.mine(tenant_id));
grant select on public.tenants to shop_app;
grant select, insert, update, delete on public.orders to shop_app;
`;
const large =
  "if (select reltuples from pg_catalog.pg_class where oid = 'public.orders'::pg_catalog.regclass) > 1000 then return true; end if;";

describeServers((server) => {
  test.for([
    ["", "BLOCKED", null],
    [large, "UNVERIFIED", /function mine, which uses reltuples/],
  ] as const)("a helper with «%s» is %s", async ([extra, verdict, reason]) => {
    const ground = await attackGround(server, schema(extra));
    try {
      const { cells } = await attackSchema(ground.server, ground.facts, { seed: "opaque" });
      const cell = cells.find(({ table, column }) => table.name === "orders" && column === "read")!;
      expect(cell.verdict).toBe(verdict);
      if (reason) expect(cell.reason).toMatch(reason);
    } finally {
      await ground.drop();
    }
  });
});
