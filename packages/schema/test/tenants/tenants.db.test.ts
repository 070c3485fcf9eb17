// Tenants are registered by hand, from a table, or by following one; suspended ones are refused, deleted ones never come back.
import {
  followTenants,
  listTenants,
  openContext,
  registerTenants,
  registerTenantsFrom,
  setTenantState,
} from "@watertight/schema";
import { createDatabase, describeServers, type TestDatabase } from "@watertight/testkit";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

describeServers((server) => {
  describe("tenants", () => {
    let db: TestDatabase;
    beforeEach(async () => {
      db = await createDatabase(server, { kit: true });
      await db.admin.query(
        `create table public."Mandanten" ("Mandant Nr" int primary key); insert into public."Mandanten" values (1), (2)`,
      );
    });
    afterEach(() => db.drop());
    const states = async (): Promise<[string, string][]> =>
      (await listTenants(db.admin)).map((each) => [each.tenant, each.state]);

    it("registers by hand and from a table, as control too", async () => {
      const control = new pg.Client({ connectionString: db.url(db.roles.control) });
      await control.connect();
      try {
        expect(await registerTenants(control, ["a", "b'\\", "a"])).toBe(2);
        expect(await registerTenants(control, ["a"])).toBe(0);
        await setTenantState(control, "a", "suspended");
        expect(await listTenants(control, "suspended")).toHaveLength(1);
        await expect(setTenantState(control, "nobody", "active")).rejects.toMatchObject({ code: "WT_KIT_TENANT" });
        await expect(registerTenantsFrom(control, '"Mandanten"', "Mandant Nr")).rejects.toMatchObject({
          code: "WT_KIT_PRIVILEGE",
        });
      } finally {
        await control.end();
      }
      expect(await registerTenantsFrom(db.admin, '"Mandanten"', "Mandant Nr")).toBe(2);
      for (const bad of ["", "x".repeat(201), "a\0b"])
        await expect(registerTenants(db.admin, [bad])).rejects.toMatchObject({ code: "WT_KIT_TENANT" });
    });

    it("follows a table", async () => {
      expect(await followTenants(db.admin, '"Mandanten"', "Mandant Nr")).toBe(2);
      expect(await followTenants(db.admin, '"Mandanten"', "Mandant Nr")).toBe(0);
      await db.admin.query(
        `insert into public."Mandanten" values (3); delete from public."Mandanten" where "Mandant Nr" = 1`,
      );
      expect(await states()).toEqual([
        ["1", "deleted"],
        ["2", "active"],
        ["3", "active"],
      ]);
      await expect(
        db.admin.query(`update public."Mandanten" set "Mandant Nr" = 9 where "Mandant Nr" = 3`),
      ).rejects.toMatchObject({ code: "WT005" });
      await expect(registerTenants(db.admin, ["1"])).rejects.toMatchObject({ code: "WT_KIT_TENANT" });
      await expect(followTenants(db.admin, '"Mandanten"', "nope")).rejects.toMatchObject({ code: "WT_KIT_TABLE" });
    });

    it("refuses a suspended tenant and serves it again", async () => {
      const app = new pg.Client({ connectionString: db.appUrl });
      await app.connect();
      const opens = async (): Promise<unknown> => {
        await app.query("begin");
        const result = await openContext(app, "a", "sealed", db.key).then(
          () => "opened",
          (error: pg.DatabaseError) => error.code,
        );
        await app.query("rollback");
        return result;
      };
      try {
        expect(await opens()).toBe("WT002");
        await registerTenants(db.admin, ["a"]);
        expect(await opens()).toBe("opened");
        await setTenantState(db.admin, "a", "suspended");
        expect(await opens()).toBe("WT002");
        await setTenantState(db.admin, "a", "active");
        expect(await opens()).toBe("opened");
      } finally {
        await app.end();
      }
    });
  });
});
