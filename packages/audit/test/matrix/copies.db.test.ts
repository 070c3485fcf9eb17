// A trigger that writes rows of tenants into a table of nobody: who may read that table reads everybody.
import { describeServers } from "@watertight/testkit";
import { expect, test } from "vitest";
import { attackSchema } from "../../src/matrix/attack-schema.ts";
import { attackGround } from "./attack-ground.ts";

const schema = `
create role shop_owner nologin;
create role shop_app login;
create table public.tenants (id uuid primary key);
create table public.orders (tenant_id uuid not null references public.tenants, id uuid not null, note text, primary key (tenant_id, id));
create table public.history (id bigserial primary key, data jsonb);
create table public.currencies (code text primary key, name text not null);
create function public.keep() returns trigger language plpgsql security definer set search_path = '' as $$
begin insert into public.history (data) values (to_jsonb(new)); return new; end $$;
create trigger keep after insert on public.orders for each row execute function public.keep();
alter table public.tenants owner to shop_owner;
alter table public.orders owner to shop_owner;
alter table public.history owner to shop_owner;
alter function public.keep() owner to shop_owner;
alter table public.tenants enable row level security;
alter table public.tenants force row level security;
alter table public.orders enable row level security;
alter table public.orders force row level security;
create policy own on public.tenants using (id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
create policy own on public.orders using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant select on public.tenants, public.currencies to shop_app;
grant select, insert, update, delete on public.orders to shop_app;
`;

// A person may be of several tenants, so their table is nobody's; its rows are the people themselves.
const shared = (columns: string): string => `
create role shop_app login;
create table public.tenants (id uuid primary key, name text not null);
create table public.users (id uuid primary key, name text not null, ${columns});
create table public.members (tenant_id uuid not null references public.tenants, user_id uuid not null references public.users, primary key (tenant_id, user_id));
create table public.orders (tenant_id uuid not null references public.tenants, id uuid not null, note text, primary key (tenant_id, id));
alter table public.tenants enable row level security; alter table public.tenants force row level security;
alter table public.members enable row level security; alter table public.members force row level security;
alter table public.orders enable row level security; alter table public.orders force row level security;
create policy own on public.tenants using (id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
create policy own on public.members using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
create policy own on public.orders using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant select, insert, update, delete on public.orders, public.members to shop_app; grant select on public.users, public.tenants to shop_app;
`;

describeServers((server) => {
  test.for([
    ["with addresses", "email text not null", "A1"],
    ["a list of names", "avatar_url text", "B21"],
  ] as const)("people whom all share, %s, are no copy", async ([, columns, vector]) => {
    const ground = await attackGround(server, shared(columns));
    try {
      const { cells } = await attackSchema(ground.server, ground.facts, { seed: "people" });
      const read = cells.find(({ table, column }) => table.name === "users" && column === "read");
      expect(read?.attempts.map((each) => [each.vector, each.result, each.evidence])).toEqual([
        [vector, "leaked", expect.stringMatching(/^read a person of tenant B: /)],
      ]);
      expect(cells.filter(({ table, verdict }) => verdict === "LEAK" && table.name !== "users")).toEqual([]);
    } finally {
      await ground.drop();
    }
  });

  test("people of whom nobody knows whose they are stay a copy; a look that could not end leaves the table undecided", async () => {
    const sql = `${shared("email text not null, role_type text, role_id uuid")}
      create table public.big (id int primary key, note text); insert into public.big values (1, 'x');
      create function public.slow(int) returns boolean language plpgsql as 'begin perform pg_sleep(3); return true; end';
      alter table public.big enable row level security; create policy slow on public.big using (public.slow(id)); grant select on public.big to shop_app;`;
    const ground = await attackGround(server, sql);
    try {
      const { cells } = await attackSchema(ground.server, ground.facts, { seed: "unknown" });
      const read = (name: string) => cells.find(({ table, column }) => table.name === name && column === "read");
      expect(read("users")).toMatchObject({ verdict: "LEAK", attempts: [{ vector: "A12" }] });
      expect(read("big")).toMatchObject({ verdict: "UNVERIFIED", reason: expect.stringContaining("57014") });
    } finally {
      await ground.drop();
    }
  });

  test.for([
    ["readable by the application, it leaks", "grant select on public.history to shop_app;", "LEAK"],
    ["by one column, too", "grant select (data) on public.history to shop_app;", "LEAK"],
    ["closed to the application, it is what it was taken for", "", "EXEMPT"],
    [
      "where nothing is copied, too",
      "drop trigger keep on public.orders; grant select on public.history to shop_app;",
      "EXEMPT",
    ],
  ] as const)("%s", async ([, more, verdict]) => {
    const ground = await attackGround(server, schema + more);
    try {
      const { cells } = await attackSchema(ground.server, ground.facts, { seed: "copies" });
      const cell = (table: string) => cells.find((each) => each.table.name === table && each.column === "read");
      expect(cell("history")?.verdict).toBe(verdict);
      expect(cell("currencies")?.verdict).toBe("EXEMPT");
      expect(cell("history")?.attempts.map(({ vector, result }) => `${vector} ${result}`) ?? []).toEqual(
        verdict === "LEAK" ? ["A12 leaked"] : [],
      );
      expect(cell("orders")?.verdict).toBe("BLOCKED");
    } finally {
      await ground.drop();
    }
  });
});
