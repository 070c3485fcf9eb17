// Protecting tables: what the application role can then see and do as a tenant, for every id type and odd name, as superuser and as a
// mere database owner; the same attacks work before; and unprotecting gives everything back exactly.
import { describeServers } from "@watertight/testkit";
import {
  installKit,
  openContext,
  protectTable,
  registerTenants,
  uninstallKit,
  unprotectTable,
} from "@watertight/schema";
import type pg from "pg";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { acme, appTables, bolt, oddTable } from "../support/app-tables.ts";
import { type CatalogDump, catalogDump, changesSince } from "../support/catalog-dump.ts";
import { installers, ownDatabase, type OwnDatabase } from "../support/managed.ts";

describeServers((server) => {
  describe.each(installers)("protect as %s", (who) => {
    let own: OwnDatabase;
    let app: pg.Client;
    let key: string;
    let before: CatalogDump;

    const inContext = async <T>(tenant: string, fn: () => Promise<T>): Promise<T> => {
      await app.query("begin");
      try {
        await openContext(app, tenant, "sealed", key);
        return await fn();
      } finally {
        await app.query("rollback");
      }
    };
    const count = async (sql: string): Promise<number> =>
      (await app.query(`select count(*)::int as n from ${sql}`)).rows[0].n as number;
    const code = async (fn: () => Promise<unknown>): Promise<string | undefined> =>
      fn().then(
        () => undefined,
        (error: { code?: string }) => error.code,
      );

    beforeEach(async () => {
      own = await ownDatabase(server, who);
      if (who === "superuser") await own.kit.query("select 1");
      // the application's role exists before the kit, as it does where the kit is adopted
      await own.kit.query(`create role ${own.roles.app} login`);
      await appTables(own.kit, own.roles.app);
      before = await catalogDump(own.db.admin);
      key = (await installKit(own.kit, { roles: own.roles })).key ?? "";
      await registerTenants(own.kit, [acme, bolt, "1", "2", "a'; select 1", "b\\"]);
      app = await own.as(own.roles.app);
    });
    afterEach(() => own.drop());

    it("hides foreign rows, which were visible before", async () => {
      expect(await count("shop.projects")).toBe(6);
      await own.kit.query("update shop.projects set tenant_id = tenant_id");
      const report = await protectTable(own.kit, { table: "shop.projects" });
      expect(report.tenantColumn).toBe("tenant_id");
      expect(await code(() => count("shop.projects"))).toBe("WT004");
      expect(await inContext(acme, () => count("shop.projects"))).toBe(3);
      expect(await inContext(acme, () => count(`shop.projects where tenant_id = '${bolt}'`))).toBe(0);
      expect(
        await inContext(acme, () =>
          code(() => app.query(`insert into shop.projects (tenant_id, name) values ('${bolt}', 'x')`)),
        ),
      ).toBe("42501");
      expect(await inContext(acme, () => code(() => app.query(`update shop.projects set tenant_id = '${bolt}'`)))).toBe(
        "42501",
      );
      expect(
        await inContext(acme, () =>
          code(() =>
            app.query("insert into shop.projects (tenant_id, name) values ($1, 'x')".replace("$1", `'${acme}'`)),
          ),
        ),
      ).toBeUndefined();
      // F1, F2, F3: rights that row security does not cover
      expect(await inContext(acme, () => code(() => app.query("truncate shop.projects")))).toBe("42501");
      expect(
        await inContext(acme, () =>
          code(() =>
            app.query(
              "create trigger t after insert on shop.projects execute function pg_catalog.suppress_redundant_updates_trigger()",
            ),
          ),
        ),
      ).toBe("42501");
    });

    it("covers integers, text, odd names, derived and partitioned tables", async () => {
      await protectTable(own.kit, { table: "shop.numbers" });
      await protectTable(own.kit, { table: oddTable, tenantColumn: "Tenant Id" });
      await protectTable(own.kit, { table: "shop.projects" });
      await protectTable(own.kit, { table: "shop.tasks", parent: { table: "shop.projects" } });
      await protectTable(own.kit, { table: "shop.notes", parent: { table: "shop.tasks", via: { task_id: "id" } } });
      await protectTable(own.kit, { table: "shop.events" });
      expect(await inContext("1", () => count("shop.numbers"))).toBe(3);
      expect(await inContext("1", () => code(() => app.query("insert into shop.numbers values (9, 2, 9)")))).toBe(
        "42501",
      );
      for (const tenant of ["a'; select 1", "b\\"]) expect(await inContext(tenant, () => count(oddTable))).toBe(1);
      expect(await inContext(acme, () => count("shop.tasks"))).toBe(3);
      expect(await inContext(acme, () => count("shop.notes"))).toBe(3);
      expect(
        await inContext(acme, () => code(() => app.query("insert into shop.tasks (project_id, title) select 6, 'x'"))),
      ).toBe("42501");
      expect(await inContext(acme, () => count("shop.events"))).toBe(6);
      // F4: a partition reached directly
      await own.db.admin.query(`grant select on shop.events_2027_rest, shop.events_2026 to ${own.roles.app}`);
      expect(await inContext(acme, () => count("shop.events_2027_rest"))).toBe(3);
      expect(await inContext(acme, () => count("shop.events_2026"))).toBe(3);
      const readonly = await own.as(own.roles.readonly);
      expect(await code(() => readonly.query("delete from shop.projects"))).toBe("42501");
    });

    it("keeps policies that the table has, under the floor", async () => {
      await protectTable(own.kit, { table: "shop.own_policies" });
      expect(await inContext(acme, () => count("shop.own_policies"))).toBe(2);
      const { rows } = await own.db.admin.query(
        "select polname from pg_policy where polrelid = 'shop.own_policies'::regclass order by 1",
      );
      expect(rows.map((row) => row.polname)).toEqual(["visible", "watertight_floor"]);
    });

    it("changes nothing the second time, and repairs drift", async () => {
      await protectTable(own.kit, { table: "shop.projects" });
      const state = await catalogDump(own.db.admin);
      expect((await protectTable(own.kit, { table: "shop.projects" })).sql).toEqual([]);
      await own.db.admin.query(
        `alter table shop.projects no force row level security; drop policy watertight_floor on shop.projects; grant truncate on shop.projects to ${own.roles.app}`,
      );
      expect((await protectTable(own.kit, { table: "shop.projects" })).sql).toHaveLength(3);
      expect(await changesSince(state, own.db.admin)).toEqual([]);
    });

    it("plans without executing", async () => {
      const state = await catalogDump(own.db.admin);
      expect((await protectTable(own.kit, { table: "shop.projects", dryRun: true })).sql.length).toBeGreaterThan(5);
      expect(await changesSince(state, own.db.admin)).toEqual([]);
    });

    it("refuses what it cannot protect", async () => {
      const refusal = (options: Parameters<typeof protectTable>[1]): Promise<string | undefined> =>
        code(() => protectTable(own.kit, options));
      expect(await refusal({ table: "shop.nowhere" })).toBe("WT_KIT_TABLE");
      expect(await refusal({ table: 'shop."; drop' })).toBe("WT_KIT_TABLE");
      expect(await refusal({ table: "watertight.fence", tenantColumn: "tenant" })).toBe("WT_KIT_TABLE");
      expect(await refusal({ table: "shop.countries" })).toBe("WT_KIT_TENANT_COLUMN");
      expect(await refusal({ table: "shop.projects", tenantColumn: "nope" })).toBe("WT_KIT_TENANT_COLUMN");
      expect(await refusal({ table: "shop.projects", tenantType: "text" })).toBe("WT_KIT_TENANT_TYPE");
      expect(await refusal({ table: "shop.tasks", parent: { table: "shop.projects" } })).toBe("WT_KIT_PARENT");
      await own.db.admin.query("alter table shop.projects add org_id uuid");
      expect(await refusal({ table: "shop.projects" })).toBe("WT_KIT_TENANT_COLUMN");
      await own.db.admin.query("insert into shop.projects (name) values ('nobody''s')");
      expect(await refusal({ table: "shop.projects", tenantColumn: "tenant_id" })).toBe("WT_KIT_TENANT_NULLS");
      expect(
        (await own.db.admin.query("select relrowsecurity as on from pg_class where oid = 'shop.projects'::regclass"))
          .rows[0].on,
      ).toBe(false);
    });

    it("names what stays open", async () => {
      await own.db.admin.query(
        "create view shop.leak as select * from shop.projects; create materialized view shop.frozen as select * from shop.projects",
      );
      await own.db.admin.query(
        "create function shop.all_projects() returns bigint language sql security definer as 'select count(*) from shop.projects'",
      );
      await own.db.admin.query(
        "alter table shop.numbers add tenant_id uuid, add project_id bigint references shop.projects (id) on delete set null",
      );
      const { findings } = await protectTable(own.kit, { table: "shop.projects" });
      expect(findings.map((finding) => finding.vectorId).sort()).toEqual(["D1", "D3", "D4", "E2", "E5"]);
    });

    it("names a composite key that a missing tenant slips through", async () => {
      await own.db.admin.query("alter table shop.projects add unique (tenant_id, id)");
      await own.db.admin.query(
        "create table shop.files (tenant_id uuid, project_id bigint, foreign key (tenant_id, project_id) references shop.projects (tenant_id, id))",
      );
      await own.db.admin.query(`alter table shop.files owner to ${own.installer}`);
      const vectors = async (): Promise<string[]> =>
        (await protectTable(own.kit, { table: "shop.files", mode: "observe" })).findings.map(
          (finding) => finding.vectorId,
        );
      expect(await vectors()).toEqual(["E4"]);
      await protectTable(own.kit, { table: "shop.files", mode: "enforce" });
      expect(await vectors()).toEqual([]);
    });

    it("gives every table back as it was", async () => {
      for (const table of ["shop.projects", "shop.numbers", "shop.events", "shop.own_policies"])
        await protectTable(own.kit, { table });
      await protectTable(own.kit, { table: "shop.tasks", parent: { table: "shop.projects" } });
      await protectTable(own.kit, { table: oddTable, tenantColumn: "Tenant Id" });
      expect(await code(() => unprotectTable(own.kit, "shop.projects"))).toBe("WT_KIT_PARENT");
      for (const table of ["shop.tasks", "shop.projects", "shop.numbers", "shop.events", "shop.own_policies", oddTable])
        expect((await unprotectTable(own.kit, table)).left).toEqual([]);
      // the kit and its hardening are still there
      const changes = await changesSince(before, own.db.admin);
      expect(changes.filter((line) => !/^(catalog|database|\w+ (\S+ on )?watertight\b)/.test(line))).toEqual([]);
      expect(await count("shop.projects")).toBe(6);
    });

    it("uninstalls and leaves the application's tables as they were", async () => {
      for (const table of ["shop.projects", "shop.numbers", "shop.events", "shop.own_policies"])
        await protectTable(own.kit, { table });
      await protectTable(own.kit, { table: "shop.tasks", parent: { table: "shop.projects" } });
      const { steps } = await uninstallKit(own.kit);
      expect(await changesSince(before, own.db.admin)).toEqual([]);
      const dropped = steps
        .filter((step) => step.name.startsWith("drop role"))
        .map((step) => [step.name.split("_").at(-1), step.state]);
      expect(dropped).toEqual([
        ["prober", who === "superuser" ? "done" : "already"],
        ["control", "done"],
        ["readonly", "done"],
        ["app", "skipped"],
        ["migrator", "done"],
        ["owner", "done"],
      ]);
    });
  });
});
