// Fixes beyond the rules' own fixtures: run as they stand, they leave the application its work and close what was found.
import { describeServers, type TestServer } from "@watertight/testkit";
import { expect, test } from "vitest";
import { ruleOf } from "../../src/rules/rule-doc.ts";
import type { RuleFinding } from "../../src/rules/rule.ts";
import { factsOf, type LiveFacts } from "../support/facts.ts";

const head = `
create role shop_owner nologin;
create role shop_app login;
grant usage, create on schema public to shop_owner;
grant usage on schema public to shop_app;
set role shop_owner;
create table public.tenants (id uuid primary key, name text);
alter table public.tenants enable row level security;
alter table public.tenants force row level security;
create policy own on public.tenants using (id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant select on public.tenants to shop_app;
`;
const guarded = (table: string): string => `
alter table public.${table} enable row level security;
alter table public.${table} force row level security;
create policy own on public.${table} using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant select, insert, update, delete on public.${table} to shop_app;
`;
const tenant = "aaaaaaaa-0000-4000-8000-00000000000a";

const on = async (server: TestServer, sql: string, work: (facts: LiveFacts) => Promise<void>): Promise<void> => {
  const facts = await factsOf(server, sql);
  try {
    await work(facts);
  } finally {
    await facts.drop();
  }
};
const find = (facts: Parameters<NonNullable<ReturnType<typeof ruleOf>>["find"]>[0], rule: string): RuleFinding[] =>
  ruleOf(rule)!.find(facts);
/** Runs the fixes; the rule's findings afterwards. */
const fixed = async (facts: LiveFacts, rule: string): Promise<RuleFinding[]> => {
  for (const { fix } of find(facts, rule)) await facts.admin.query(facts.translate(fix));
  return find(await facts.reread(), rule);
};
const asTenant = async (facts: LiveFacts): Promise<LiveFacts["admin"]> => {
  await facts.admin.query(`insert into public.tenants (id) values ('${tenant}') on conflict do nothing`);
  const app = await facts.as("shop_app");
  await app.query(`select set_config('app.tenant_id', '${tenant}', false)`);
  return app;
};

describeServers((server) => {
  test("A1: policies stand before row security is switched on, and the assumed setting is named", async () => {
    const bare = `create role shop_owner nologin; create role shop_app login; grant usage, create on schema public to shop_owner; grant usage on schema public to shop_app; set role shop_owner;
create table public.tenants (id uuid primary key);
create table public.notes (tenant_id uuid not null references public.tenants, id int not null, primary key (tenant_id, id));
grant select, insert on public.notes to shop_app;`;
    await on(server, bare, async (facts) => {
      const [{ fix }] = find(facts, "A1") as [RuleFinding];
      expect(fix).toMatch(/^-- app\.tenant_id stands for the setting in which your requests name their tenant/);
      const places = ["restrictive", "watertight_all", "enable row level security", "force row level security"].map(
        (each) => fix.indexOf(each),
      );
      expect(places).toEqual(places.toSorted((a, b) => a - b));
      expect(places).not.toContain(-1);
      expect(await fixed(facts, "A1")).toEqual([]);
      const app = await asTenant(facts);
      await app.query(`insert into public.notes values ('${tenant}', 1)`);
      expect((await app.query("select from public.notes")).rowCount).toBe(1);
      await app.query("select set_config('app.tenant_id', '', false)");
      expect((await app.query("select from public.notes")).rowCount).toBe(0);
    });
  });

  test("A1: where a child compares with its parent, no setting is named", async () => {
    const child = `create role shop_owner nologin; create role shop_app login; grant usage, create on schema public to shop_owner; grant usage on schema public to shop_app; set role shop_owner;
create table public.tenants (id uuid primary key);
create table public.notes (tenant_id uuid not null references public.tenants, id uuid primary key);
create table public.lines (note_id uuid not null references public.notes, id int not null, primary key (note_id, id));
grant select, insert on public.notes, public.lines to shop_app;`;
    await on(server, child, async (facts) => {
      const fixes = find(facts, "A1").map(({ object, fix }) => [object.name, fix.includes("app.tenant_id")]);
      expect(Object.fromEntries(fixes)).toEqual({ notes: true, lines: false });
      expect(find(facts, "A1").find(({ object }) => object.name === "lines")!.fix).toMatch(
        /^create policy .*exists \(/,
      );
    });
  });

  test("B5: only the cast is changed, the rest of the policy stays", async () => {
    const raw = `${head}create table public.notes (tenant_id uuid not null references public.tenants, id int not null, hidden boolean not null, primary key (tenant_id, id));
alter table public.notes enable row level security; alter table public.notes force row level security;
create policy "own notes" on public.notes using (tenant_id = current_setting('app.tenant_id', true)::uuid and not hidden) with check (tenant_id = current_setting('app.tenant_id')::uuid);
grant select, insert on public.notes to shop_app;`;
    await on(server, raw, async (facts) => {
      expect(find(facts, "B5")).toHaveLength(1);
      expect(await fixed(facts, "B5")).toEqual([]);
      const { snapshot } = await facts.reread();
      const policy = snapshot.policies.find(({ name }) => name === "own notes")!;
      expect(policy.using).toContain("NOT hidden");
      const app = await asTenant(facts);
      await app.query("select set_config('app.tenant_id', '', false)");
      expect((await app.query("select from public.notes")).rowCount).toBe(0);
    });
  });

  test("F5: a serial column can still be filled, and nobody sets its sequence", async () => {
    const serial = `${head}create table public.notes (tenant_id uuid not null references public.tenants, id serial, primary key (tenant_id, id));
${guarded("notes")}grant all on sequence public.notes_id_seq to shop_app;`;
    await on(server, serial, async (facts) => {
      expect(find(facts, "F5").map(({ severity }) => severity)).toEqual(["medium"]);
      expect((await fixed(facts, "F5")).map(({ severity }) => severity)).toEqual(["info"]);
      const app = await asTenant(facts);
      await app.query(`insert into public.notes (tenant_id) values ('${tenant}')`);
      await expect(app.query("select setval('public.notes_id_seq', 1)")).rejects.toMatchObject({ code: "42501" });
      await expect(app.query("select last_value from public.notes_id_seq")).rejects.toMatchObject({ code: "42501" });
    });
  });

  test("E5: a counted key is no longer named by the application, and goes on counting", async () => {
    const counted = `${head}create table public.notes (tenant_id uuid not null references public.tenants, id bigint generated by default as identity primary key, body text);
${guarded("notes")}`;
    await on(server, counted, async (facts) => {
      expect(find(facts, "E5").map(({ severity }) => severity)).toEqual(["low"]);
      expect(await fixed(facts, "E5")).toEqual([]);
      const app = await asTenant(facts);
      await app.query(`insert into public.notes (tenant_id, body) values ('${tenant}', 'x')`);
      await app.query("update public.notes set body = 'y'");
      await expect(app.query(`insert into public.notes (tenant_id, id) values ('${tenant}', 1)`)).rejects.toMatchObject(
        { code: "42501" },
      );
    });
  });

  test("E5: the key on which foreign keys rest is not dropped under them, and a tenant's own name stays", async () => {
    const keys = `${head}alter table public.tenants add slug text unique; grant update on public.tenants to shop_app;
create table public.orders (tenant_id uuid not null references public.tenants, code text not null unique);
create table public.lines (tenant_id uuid not null references public.tenants, code text not null references public.orders (code));
${guarded("orders")}${guarded("lines")}
create unique index orders_open on public.orders (code) where code <> '';`;
    await on(server, keys, async (facts) => {
      const fixes = new Map(find(facts, "E5").map(({ object, fix }) => [object.name, fix]));
      expect(fixes.get("orders_code_key")).toMatch(/^Let lines_code_fkey carry the tenant/);
      expect(fixes.get("tenants_slug_key")).toMatch(/^A name of the tenant itself is one for all/);
    });
  });

  test("H1: a replay's database has no name to write down, a live one has", async () => {
    await on(
      server,
      `${head}create table public.notes (tenant_id uuid not null references public.tenants, id int not null, primary key (tenant_id, id));${guarded("notes")}`,
      async (facts) => {
        const { snapshot } = facts;
        const database = { ...snapshot.database, name: "My shop" };
        const acl = [...database.acl, { ...database.acl[0]!, role: "shop_app", privilege: "CONNECT" }];
        const open = { ...facts, snapshot: { ...snapshot, database: { ...database, acl } } };
        expect(facts.history).toBeDefined();
        const live = { ...open, history: undefined };
        const [[replayed], [named]] = [find(open, "H1"), find(live, "H1")] as [RuleFinding[], RuleFinding[]];
        expect(replayed!.fix).toContain("current_database()");
        expect(`${replayed!.fix} ${replayed!.message}`).not.toContain("My shop");
        expect(named!.fix).toContain('revoke connect, temporary on database "My shop" from public;');
        await facts.admin.query(replayed!.fix);
        expect(
          (await facts.reread()).snapshot.database.acl.filter(
            ({ role, privilege }) => role === "public" && privilege === "CONNECT",
          ),
        ).toEqual([]);
      },
    );
  });
});
