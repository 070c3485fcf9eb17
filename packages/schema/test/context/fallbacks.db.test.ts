// What takes the place of BYPASSRLS where it cannot be granted, run as exactly those roles; and the trap that each fallback avoids.
import {
  followTenants,
  forEachTenant,
  installKit,
  openContext,
  protectTable,
  registerTenants,
  registerTenantsFrom,
  uninstallKit,
  withForceLifted,
} from "@watertight/schema";
import { describeServers } from "@watertight/testkit";
import { mintToken, parseKeys } from "@watertight/runtime";
import type pg from "pg";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { acme, appTables, bolt } from "../support/app-tables.ts";
import { installers, ownDatabase, type OwnDatabase } from "../support/managed.ts";

describeServers((server) => {
  describe.each(installers)("kit of a %s", (who) => {
    let own: OwnDatabase;
    let migrator: pg.Client;
    let key: string;

    beforeEach(async () => {
      own = await ownDatabase(server, who);
      await own.kit.query(`create role ${own.roles.app} login`);
      await appTables(own.kit, own.roles.app);
      key = (await installKit(own.kit, { roles: own.roles })).key ?? "";
      await registerTenants(own.kit, [acme, bolt]);
      await protectTable(own.kit, { table: "shop.projects" });
      await protectTable(own.kit, { table: "shop.events" });
      migrator = await own.as(own.roles.migrator);
    });
    afterEach(() => own.drop());

    const forced = async (): Promise<number> =>
      (
        await own.db.admin.query(
          "select count(*)::int as n from pg_class where relforcerowsecurity and relnamespace = 'shop'::regnamespace",
        )
      ).rows[0].n as number;

    it("migrates all tenants' rows", async () => {
      const before = await forced();
      const update = "update shop.projects set name = upper(name)";
      if (who === "superuser") expect((await migrator.query(update)).rowCount).toBe(6);
      // E8: a forced owner is blind
      else await expect(migrator.query(update)).rejects.toMatchObject({ code: "WT004" });
      expect(
        await withForceLifted(
          migrator,
          ["shop.projects", "shop.events"],
          async (db) => (await db.query(`${update} returning 1`)).rows.length,
        ),
      ).toBe(6);
      expect(
        await withForceLifted(
          migrator,
          ["shop.events"],
          async (db) => (await db.query("select from shop.events")).rows.length,
        ),
      ).toBe(12);
      expect(await forced()).toBe(before);
      // A14: an error leaves no window open
      await expect(
        withForceLifted(migrator, ["shop.projects"], (db) => db.query("select 1 / 0")),
      ).rejects.toMatchObject({ code: "22012" });
      expect(await forced()).toBe(before);
    });

    it("hands new tables to the owner", async () => {
      await migrator.query(`create table shop.made_later (tenant_id uuid not null, id int)`);
      await migrator.query(`alter table shop.made_later owner to ${own.roles.owner}`);
      await protectTable(own.kit, { table: "shop.made_later" });
      const app = await own.as(own.roles.app);
      await expect(app.query("select * from shop.made_later")).rejects.toMatchObject({ code: "WT004" });
    });

    it("works on all tenants one by one", async () => {
      const seen: [string, number][] = [];
      const client = who === "superuser" ? await own.as(own.roles.app) : migrator;
      const iterate = forEachTenant(client, { key }, async (tenant, db) => {
        const { rows } = await db.query("select count(*)::int as n from shop.projects");
        seen.push([tenant, rows[0]!.n as number]);
      });
      // the application's role may not list tenants
      if (who === "superuser") {
        await expect(iterate).rejects.toMatchObject({ code: "WT_KIT_PRIVILEGE" });
        return;
      }
      expect(await iterate).toBe(2);
      expect(seen).toEqual([
        [acme, 3],
        [bolt, 3],
      ]);
    });

    it("records a probe as far as it can see", async () => {
      const app = await own.as(own.roles.app);
      await own.db.admin.query("delete from watertight.event");
      const [first] = parseKeys(key);
      const foreign = (await own.db.admin.query("select id from shop.projects where tenant_id = $1 limit 1", [bolt]))
        .rows[0].id as string;
      const report = async (id: string): Promise<void> => {
        const token = mintToken({ key: first, tenant: acme, pid: 0, expiresAt: Math.floor(Date.now() / 1000) + 10 });
        expect(
          (await app.query("select watertight.report_probe($1, 'shop.projects', $2) as said", [token, { id }])).rows,
        ).toEqual([{ said: "" }]);
      };
      await report(foreign);
      await report("999999");
      const { rows } = await own.db.admin.query(
        "select kind, tenant, detail ->> 'owner' as owner from watertight.event order by id",
      );
      expect(rows).toEqual(
        who === "superuser"
          ? [
              { kind: "cross_tenant_probe", tenant: acme, owner: bolt },
              { kind: "missing_row", tenant: acme, owner: null },
            ]
          : [
              { kind: "not_visible", tenant: acme, owner: null },
              { kind: "not_visible", tenant: acme, owner: null },
            ],
      );
    });

    it("finds the tenants in a protected table, and follows a table of tenants", async () => {
      const forcedBefore = await forced();
      await own.db.admin.query("delete from watertight.fence");
      expect(await registerTenantsFrom(own.kit, "shop.projects", "tenant_id")).toBe(2);
      expect(await forced()).toBe(forcedBefore);
      await own.db.admin.query("delete from watertight.fence");
      expect(await followTenants(own.kit, "shop.tenants", "id")).toBe(2);
      await own.kit.query("insert into shop.tenants values (gen_random_uuid(), 'new')");
      expect((await own.db.admin.query("select from watertight.fence")).rowCount).toBe(3);
      const { steps } = await uninstallKit(own.kit);
      expect(steps.map((step) => step.name)).toContain("stop following shop.tenants");
    });

    it("does not uninstall from under the application's own objects", async () => {
      await own.db.admin.query(
        "create policy mine on shop.own_policies using (tenant_id::text = watertight.tenant_id())",
      );
      await expect(uninstallKit(own.kit)).rejects.toMatchObject({ code: "WT_KIT_IN_USE" });
      expect(await forced()).toBeGreaterThan(0);
      await own.db.admin.query("drop policy mine on shop.own_policies");
      await uninstallKit(own.kit);
    });

    it("opens a context for tools", async () => {
      const app = await own.as(own.roles.app);
      await app.query("begin");
      await openContext(app, acme, "sealed", key);
      expect((await app.query("select from shop.projects")).rowCount).toBe(3);
      await app.query("rollback");
    });
  });
});
