// Installing: twice is once, any earlier version upgrades to the same end, a level can be changed, an edited file is refused, and nothing
// is skipped silently; as superuser and as a mere database owner.
import {
  installedVersion,
  installKit,
  newestVersion,
  openContext,
  registerTenants,
  snapshotKit,
  uninstallKit,
  upgradeKit,
} from "@watertight/schema";
import { describeServers } from "@watertight/testkit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { acme } from "../support/app-tables.ts";
import { catalogDump, changesSince } from "../support/catalog-dump.ts";
import { installers, ownDatabase, type OwnDatabase } from "../support/managed.ts";

describeServers((server) => {
  describe.each(installers)("install as %s", (who) => {
    let own: OwnDatabase;
    beforeEach(async () => {
      own = await ownDatabase(server, who);
    });
    afterEach(() => own.drop());
    const install = (options: Parameters<typeof installKit>[1] = {}): ReturnType<typeof installKit> =>
      installKit(own.kit, { roles: own.roles, ...options });

    it("changes nothing the second time, not even a row version", async () => {
      const first = await install();
      expect(first.key).toMatch(/^[a-z0-9]{4}:[A-Za-z0-9_-]{43}$/);
      const before = await snapshotKit(own.db.admin, { xmin: true });
      const second = await install();
      expect(second.applied).toEqual([]);
      expect(second.key).toBeUndefined();
      expect(second.steps.filter((step) => step.state === "done")).toEqual([]);
      expect(await snapshotKit(own.db.admin, { xmin: true })).toEqual(before);
      // and without the role names, which are remembered
      expect((await upgradeKit(own.kit)).roles).toEqual(own.roles);
      expect(await snapshotKit(own.db.admin, { xmin: true })).toEqual(before);
    });

    it("upgrades from every earlier file to the same kit", async () => {
      await install();
      const fresh = await snapshotKit(own.db.admin);
      const newest = newestVersion();
      await uninstallKit(own.kit);
      for (let upTo = 1; upTo < newest; upTo++) {
        await install({ upTo });
        expect(await installedVersion(own.kit)).toBe(upTo);
        await upgradeKit(own.kit);
        expect(await snapshotKit(own.db.admin)).toEqual(fresh);
        await uninstallKit(own.kit);
      }
    });

    it("changes the level there and back", async () => {
      await install();
      const sealed = await snapshotKit(own.db.admin);
      await installKit(own.kit, { level: "plain" });
      await registerTenants(own.kit, [acme]);
      await own.kit.query("begin");
      await openContext(own.kit, acme, "plain", undefined).catch(() => {});
      await own.kit.query("rollback");
      const plain = await snapshotKit(own.db.admin);
      expect(plain).not.toEqual(sealed);
      await installKit(own.kit, { level: "sealed" });
      expect((await snapshotKit(own.db.admin)).filter((line) => !line.startsWith("fence"))).toEqual(sealed);
      expect((await installKit(own.kit, { level: "hostile" })).level).toBe("hostile");
      expect((await installKit(own.kit)).level).toBe("hostile");
    });

    it("takes a given key, and makes none at level plain until it is needed", async () => {
      const key = `kabc:${Buffer.alloc(32, 7).toString("base64url")}`;
      expect((await install({ level: "plain" })).key).toBeUndefined();
      expect((await installKit(own.kit, { level: "sealed", key })).key).toBeUndefined();
      await installKit(own.kit, { key });
      await expect(
        installKit(own.kit, { key: `kabc:${Buffer.alloc(32, 8).toString("base64url")}` }),
      ).rejects.toMatchObject({ code: "WT_KIT_KEY" });
      await expect(installKit(own.kit, { key: "nonsense" })).rejects.toMatchObject({ code: "WT_KIT_KEY" });
      await registerTenants(own.kit, [acme]);
      const app = await own.as(own.roles.app);
      await app.query("begin");
      await openContext(app, acme, "sealed", key);
      expect((await app.query("select watertight.tenant_id() as t")).rows[0].t).toBe(acme);
      await app.query("rollback");
    });

    it("shows the SQL of a dry run and leaves nothing", async () => {
      const before = await catalogDump(own.db.admin);
      const report = await install({ dryRun: true });
      const sql = report.steps.flatMap((step) => step.sql ?? []).join("\n");
      expect(sql).toContain("create schema watertight");
      if (report.key) expect(sql).not.toContain(report.key.slice(5));
      expect(await changesSince(before, own.db.admin)).toEqual([]);
      expect(await installedVersion(own.kit)).toBe(0);
      expect((await own.db.admin.query("select from pg_roles where rolname = $1", [own.roles.owner])).rowCount).toBe(0);
    });

    it("refuses edited files, other names, a taken schema", async () => {
      await install();
      await own.db.admin.query("update watertight.migration set checksum = 'x' where number = 3");
      await expect(installKit(own.kit)).rejects.toMatchObject({ code: "WT_KIT_EDITED" });
      await expect(installKit(own.kit, { roles: { app: "somebody_else" } })).rejects.toMatchObject({
        code: "WT_KIT_ROLES_DIFFER",
      });
      await own.db.admin.query(
        "insert into watertight.migration (number, name, checksum) values (9999, 'future', 'x')",
      );
      await own.db.admin.query("update watertight.migration set checksum = 'x'");
      await expect(installKit(own.kit)).rejects.toMatchObject({ code: "WT_KIT_TOO_NEW" });
      await own.db.admin.query("drop schema watertight cascade; create schema watertight");
      await own.db.admin.query(`alter schema watertight owner to ${own.installer}`);
      await expect(installKit(own.kit, { roles: own.roles })).rejects.toMatchObject({ code: "WT_KIT_SCHEMA_TAKEN" });
    });

    it.each(["app", "readonly"] as const)("refuses a role %s that row security does not bind", async (kind) => {
      const { [kind]: name } = own.roles;
      await own.db.admin.query(`create role ${name} login`);
      for (const right of ["superuser", "bypassrls"]) {
        await own.db.admin.query(`alter role ${name} ${right}`);
        await expect(install()).rejects.toMatchObject({ code: "WT_KIT_ROLE_UNSAFE" });
        await own.db.admin.query(`alter role ${name} no${right}`);
      }
      await expect(install({ roles: { ...own.roles, [kind]: own.installer } })).rejects.toMatchObject({
        code: "WT_KIT_ROLE_UNSAFE",
      });
      expect(await installedVersion(own.kit)).toBe(0);
      // and without these rights the same role is adopted
      expect((await install()).roles[kind]).toBe(name);
    });

    it("makes roles that row security binds, and leaves no way around it behind", async () => {
      const report = await install();
      const { rows } = await own.db.admin.query(
        "select rolname as name, rolsuper or rolcreatedb or rolcreaterole or rolreplication as rights, rolbypassrls as bypass, rolcanlogin as login from pg_roles where rolname = any ($1) order by 1",
        [Object.values(own.roles)],
      );
      const mayBypass = who === "superuser";
      const { owner, migrator, app, readonly, control, prober } = own.roles;
      const expected = [
        { name: owner, rights: false, bypass: false, login: false },
        { name: migrator, rights: false, bypass: mayBypass, login: true },
        { name: app, rights: false, bypass: false, login: true },
        { name: readonly, rights: false, bypass: false, login: true },
        { name: control, rights: false, bypass: false, login: true },
        ...(mayBypass ? [{ name: prober, rights: false, bypass: true, login: false }] : []),
      ].sort((a, b) => (a.name < b.name ? -1 : 1));
      expect(rows).toEqual(expected);
      // borrowed memberships were given back: the installer cannot act as the owner
      const members = await own.db.admin.query(
        `select m.member::regrole::text as name from pg_auth_members m where m.roleid = $1::regrole ${server.version >= 16 ? "and (m.inherit_option or m.set_option)" : ""}`,
        [owner],
      );
      expect(members.rows).toEqual([{ name: migrator }]);
      if (who === "superuser") return;
      const skipped = report.steps.filter((step) => step.state === "skipped");
      expect(skipped.length).toBeGreaterThanOrEqual(10);
      expect(skipped.every((step) => (step.reason ?? "") !== "")).toBe(true);
    });

    it("never touches a role that exists", async () => {
      await own.kit.query(`create role ${own.roles.app} login password 'kept' connection limit 7`);
      const read = async (): Promise<unknown> =>
        (await own.db.admin.query("select * from pg_authid where rolname = $1", [own.roles.app])).rows[0];
      const before = await read();
      await install();
      expect(await read()).toEqual(before);
    });

    it("refuses an owner role above row security", async () => {
      await own.db.admin.query(`create role ${own.roles.owner} bypassrls`);
      await expect(install()).rejects.toMatchObject({ code: "WT_KIT_ROLE_UNSAFE" });
      expect(await installedVersion(own.kit)).toBe(0);
    });
  });

  describe("install without the right to", () => {
    it("says what is missing", async () => {
      const own = await ownDatabase(server, "database owner");
      try {
        await own.db.admin.query(`alter role ${own.installer} nocreaterole`);
        await expect(installKit(own.kit, { roles: own.roles })).rejects.toMatchObject({ code: "WT_KIT_PRIVILEGE" });
      } finally {
        await own.drop();
      }
    });

    it("passes BYPASSRLS on where the installer has it and the server lets it", async () => {
      const own = await ownDatabase(server, "database owner");
      try {
        await own.db.admin.query(`alter role ${own.installer} bypassrls`);
        await installKit(own.kit, { roles: own.roles });
        const { rows } = await own.db.admin.query(
          "select p.proowner::regrole::text as owner, m.rolbypassrls as bypass from pg_proc p, pg_roles m where p.oid = 'watertight.find_owner(regclass, text, jsonb)'::regprocedure and m.rolname = $1",
          [own.roles.migrator],
        );
        const modern = server.version >= 16;
        expect(rows).toEqual([{ owner: modern ? own.roles.prober : own.roles.owner, bypass: modern }]);
        expect((await installKit(own.kit)).steps.filter((step) => step.state === "done")).toEqual([]);
        await uninstallKit(own.kit);
        expect(
          (await own.db.admin.query("select from pg_roles where rolname = any ($1)", [Object.values(own.roles)]))
            .rowCount,
        ).toBe(0);
      } finally {
        await own.drop();
      }
    });

    it("two installers at once end with one kit", async () => {
      const own = await ownDatabase(server, "superuser");
      try {
        const clients = [own.kit, await own.as(own.installer), await own.as(own.installer)];
        const reports = await Promise.all(clients.map((client) => installKit(client, { roles: own.roles })));
        expect(reports.filter((report) => report.applied.length > 0)).toHaveLength(1);
        expect(reports.filter((report) => report.key !== undefined)).toHaveLength(1);
      } finally {
        await own.drop();
      }
    });
  });
});
