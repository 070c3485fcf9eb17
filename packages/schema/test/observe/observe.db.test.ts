// Observe mode: the application goes on as before, and every statement that enforcement would refuse leaves one event a table. Then enforce,
// then back out in one call.
import {
  enforceTable,
  installKit,
  listObservations,
  observeTable,
  openContext,
  protectTable,
  registerTenants,
  unprotectTable,
} from "@watertight/schema";
import { describeServers } from "@watertight/testkit";
import type pg from "pg";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { acme, appTables, bolt } from "../support/app-tables.ts";
import { catalogDump, changesSince } from "../support/catalog-dump.ts";
import { installers, ownDatabase, type OwnDatabase } from "../support/managed.ts";

interface Event {
  kind: string;
  tenant: string | null;
  relation: string;
  detail: { tenant: string; query: string };
}

describeServers((server) => {
  describe.each(installers)("observe as %s", (who) => {
    let own: OwnDatabase;
    let app: pg.Client;
    let key: string;

    const scoped = async (tenant: string, sql: string): Promise<pg.QueryResult> => {
      await app.query("begin");
      await openContext(app, tenant, "sealed", key);
      const result = await app.query(sql);
      await app.query("commit");
      return result;
    };
    const events = async (): Promise<Event[]> => {
      const { rows } = await own.db.admin.query(
        "select kind, tenant, relation, detail from watertight.event where kind like 'observed%' order by id",
      );
      await own.db.admin.query("delete from watertight.event");
      return rows as Event[];
    };

    beforeEach(async () => {
      own = await ownDatabase(server, who);
      await own.kit.query(`create role ${own.roles.app} login`);
      await appTables(own.kit, own.roles.app);
      key = (await installKit(own.kit, { roles: own.roles })).key ?? "";
      await registerTenants(own.kit, [acme, bolt]);
      app = await own.as(own.roles.app);
      await observeTable(own.kit, { table: "shop.projects" });
      await events();
    });
    afterEach(() => own.drop());

    it("stops nothing without a context, and records it once a statement", async () => {
      expect((await app.query("select * from shop.projects")).rowCount).toBe(6);
      expect((await app.query("select * from shop.projects p join shop.projects q using (id)")).rowCount).toBe(6);
      const seen = await events();
      expect(seen.map((event) => [event.kind, event.tenant, event.relation])).toEqual([
        ["observed_no_context", null, "shop.projects"],
        ["observed_no_context", null, "shop.projects"],
      ]);
      expect(seen[0]?.detail.query).toBe("select * from shop.projects");
    });

    it("records crossings with the row's tenant, and nothing for the tenant's own rows", async () => {
      await own.db.admin.query("delete from shop.notes; delete from shop.tasks");
      expect((await scoped(acme, `select * from shop.projects where tenant_id = '${acme}'`)).rowCount).toBe(3);
      expect(await events()).toEqual([]);
      expect((await scoped(acme, "select * from shop.projects")).rowCount).toBe(6);
      expect(
        (await scoped(acme, `insert into shop.projects (tenant_id, name) values ('${bolt}', 'planted')`)).rowCount,
      ).toBe(1);
      expect(
        (
          await scoped(
            acme,
            `update shop.projects set tenant_id = '${bolt}' where tenant_id = '${acme}' and name = 'p1'`,
          )
        ).rowCount,
      ).toBe(1);
      expect((await scoped(acme, `delete from shop.projects where tenant_id = '${bolt}'`)).rowCount).toBe(5);
      const seen = await events();
      expect(seen.map((event) => [event.kind, event.tenant, event.detail.tenant])).toEqual(
        Array.from({ length: 4 }, () => ["observed_crossing", acme, bolt]),
      );
    });

    it("never stops a read-only transaction or another role", async () => {
      await app.query("begin read only");
      expect((await app.query("select * from shop.projects")).rowCount).toBe(6);
      await app.query("commit");
      expect(await events()).toEqual([]);
      const other = await own.as(own.roles.control);
      await own.db.admin.query(
        `grant usage on schema shop to ${own.roles.control}; grant select on shop.projects to public`,
      );
      expect((await other.query("select * from shop.projects")).rowCount).toBe(6);
      expect(await events()).toHaveLength(1);
      // rights that enforcement takes away are still there
      expect((await app.query("select has_table_privilege('shop.projects', 'truncate') as yes")).rows[0].yes).toBe(
        true,
      );
    });

    it("observes derived and partitioned tables, then enforces, then backs out", async () => {
      const options = { table: "shop.tasks", parent: { table: "shop.projects" } };
      await observeTable(own.kit, options);
      await observeTable(own.kit, { table: "shop.events" });
      await own.db.admin.query(`grant all on shop.tasks, shop.events to ${own.roles.app}`);
      await events();
      expect((await scoped(acme, "select * from shop.tasks")).rowCount).toBe(6);
      expect((await scoped(acme, "select * from shop.events")).rowCount).toBe(12);
      const relations = (await events()).filter((event) => event.detail.tenant === bolt).map((event) => event.relation);
      expect(new Set(relations)).toEqual(new Set(["shop.tasks", "shop.projects", "shop.events"]));
      await scoped(acme, "select * from shop.events");
      expect(
        (await listObservations(own.kit)).map((each) => [each.relation, each.kind, each.statements]),
      ).toContainEqual(["shop.events", "observed_crossing", 1]);
      await scoped(acme, "select * from shop.events");
      await scoped(acme, "select count(*) from shop.events");
      const found = (await listObservations(own.kit)).filter((each) => each.kind === "observed_crossing");
      expect(found.map((each) => [each.statements, each.relation, each.example])).toEqual([
        [2, "shop.events", "select * from shop.events"],
        [1, "shop.events", "select count(*) from shop.events"],
      ]);

      await expect(enforceTable(own.kit, options)).rejects.toMatchObject({ code: "WT_KIT_PARENT" });
      await enforceTable(own.kit, { table: "shop.projects" });
      await enforceTable(own.kit, options);
      await expect(enforceTable(own.kit, { table: "shop.numbers" })).rejects.toMatchObject({
        code: "WT_KIT_NOT_PROTECTED",
      });
      expect((await scoped(acme, "select * from shop.tasks")).rowCount).toBe(3);
      await expect(app.query("select * from shop.projects")).rejects.toMatchObject({ code: "WT004" });
      expect((await app.query("select has_table_privilege('shop.projects', 'truncate') as yes")).rows[0].yes).toBe(
        false,
      );

      await unprotectTable(own.kit, "shop.tasks");
      await unprotectTable(own.kit, "shop.projects");
      expect((await app.query("select * from shop.projects")).rowCount).toBe(6);
    });

    it("backs out exactly, from either mode", async () => {
      await unprotectTable(own.kit, "shop.projects");
      const before = await catalogDump(own.db.admin);
      await observeTable(own.kit, { table: "shop.projects" });
      await protectTable(own.kit, { table: "shop.projects", mode: "enforce" });
      await observeTable(own.kit, { table: "shop.projects" });
      await unprotectTable(own.kit, "shop.projects");
      expect(await changesSince(before, own.db.admin)).toEqual([]);
    });
  });
});
