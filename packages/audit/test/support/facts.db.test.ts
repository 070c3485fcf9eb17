// The harness of facts: two fixtures with the same role names at once, each sees itself alone, and runs attacks as its own roles.
import { describeServers } from "@watertight/testkit";
import { expect, test } from "vitest";
import { factsOf } from "./facts.ts";

const fixture = (rows: number): string => `
  create role shop_owner nologin;
  create role shop_app login in role shop_owner;
  create role anon nologin;
  create table public.tenants (id uuid primary key);
  create table public.projects (tenant_id uuid not null references public.tenants, id int primary key);
  alter table public.projects owner to shop_owner;
  create table public.colours (name text);
  alter table public.projects enable row level security;
  create policy mine on public.projects to shop_app using (current_user = 'shop_app');
  grant select on public.tenants to anon;
  insert into public.tenants select gen_random_uuid() from generate_series(1, ${rows});`;

describeServers((server) => {
  test("fixtures with equal role names live side by side", async () => {
    const both = await Promise.all([factsOf(server, fixture(1)), factsOf(server, fixture(2), { roles: ["anon"] })]);
    try {
      const [first, second] = both;
      for (const { snapshot } of both) {
        expect(snapshot.roles.filter((role) => !role.predefined && !role.superuser).map(({ name }) => name)).toEqual([
          "anon",
          "shop_app",
          "shop_owner",
        ]);
        expect(snapshot.policies[0]).toMatchObject({ roles: ["shop_app"], using: "(CURRENT_USER = 'shop_app'::name)" });
        expect(snapshot.otherDatabases.map(({ name }) => name)).toEqual(["postgres", "template0", "template1"]);
      }
      expect(first.understanding.roles.map(({ name }) => name)).toEqual(["anon", "shop_app"]);
      expect(second.understanding.roles.map(({ name }) => name)).toEqual(["anon"]);
      const projects = first.reach.relation({ schema: "public", name: "projects" })!;
      expect(first.reach.bypasses(projects)).toEqual({ role: "shop_owner", why: "owner", bySetRole: false });
      expect(second.reach.bypasses(projects)).toBeNull();
      const [app, anon] = [await first.as("shop_app"), await second.as("anon")];
      await expect(app.query("select from public.tenants")).rejects.toMatchObject({ code: "42501" });
      expect((await anon.query("select from public.tenants")).rowCount).toBe(2);
      await first.admin.query(first.translate("alter table public.projects owner to anon"));
      expect((await first.reread()).snapshot.relations.find(({ name }) => name === "projects")?.owner).toBe("anon");
      await expect(first.as("nobody")).rejects.toThrow("no role nobody");
    } finally {
      await Promise.all(both.map((facts) => facts.drop()));
    }
  });
});
